import '@loqui/server/testing-held'
