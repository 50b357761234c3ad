-- Of keys of the store those that no row names. A key says in its second part whose it is, so that nothing but primary keys
-- is needed to find that out; one that is of no form of ours is nobody's.
create or replace function objects_unnamed(p_keys text[]) returns setof text language sql stable as $$
  with object as (
    select key, split_part(key, '/', 1) as noun,
      case when split_part(key, '/', 2) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then split_part(key, '/', 2)::uuid end as id
    from unnest(p_keys) key
  )
  select key from object o where not case noun
      when 'generations' then exists (select from generation where id = o.id and audio_key = o.key)
        -- The rows of one that came to nothing outlive its audio.
        or exists (select from segment s join generation g on g.id = s.generation_id
          where s.generation_id = o.id and s.audio_key = o.key and g.purged_at is null)
        or exists (select from rendition where generation_id = o.id and audio_key = o.key)
      when 'samples' then exists (select from sample where id = o.id and audio_key = o.key and purged_at is null)
        or exists (select from upload where id = o.id and audio_key = o.key)
      when 'previews' then exists (select from voice_preview where voice_id = o.id and audio_key = o.key)
      else false end
$$;

-- Every object that should be there, with what names it.
drop view if exists object_named;
create view object_named as
  select 'generation' as noun, id, audio_key as key, finished_at as since from generation
    where state = 'succeeded' and deleted_at is null and audio_key is not null
  union all
  select 'segment', g.id, s.audio_key, g.finished_at from segment s join generation g on g.id = s.generation_id
    where g.state = 'succeeded' and g.deleted_at is null and s.audio_key is not null
  union all
  select 'rendition', g.id, r.audio_key, r.created_at from rendition r join generation g on g.id = r.generation_id
    where g.deleted_at is null
  union all
  select 'sample', id, audio_key, created_at from sample where deleted_at is null
  union all
  select 'preview', voice_id, audio_key, created_at from voice_preview;
