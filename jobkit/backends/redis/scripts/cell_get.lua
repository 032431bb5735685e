-- A cell's version and value. Changes nothing.
--
-- KEYS  meta, cells
-- ARGV  mode, name
-- returns  {'done', version and value, or ''}

clock(KEYS[1], ARGV[1])
return {'done', call('HGET', KEYS[2], ARGV[2]) or ''}
