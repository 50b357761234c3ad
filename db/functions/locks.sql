-- One 64-bit key space for every advisory lock; src/lock.ts lists the classes.
create or replace function lock_key(class text, key text) returns bigint
  language sql immutable strict parallel safe
  return hashtextextended(class || ':' || key, 0);
