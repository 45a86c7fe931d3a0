-- Entries of one market, in order, each written once, by the market's one writer; ends at the first that fails.
-- KEYS: writer, latest, then stream and cut counter of each channel in turn.
-- ARGV: token, cap, then for each entry: channel (1 = first stream), id, kind, body's field, body, time sent.
-- kind: "provisional" or "final" (these also set latest), or "other".
-- Answers one word for each entry tried: "added"; "same" (stored already, equal bytes); "trimmed" (older than what
-- is kept); "fenced" (another flow writes now); "conflict" (stored already, other bytes); or Redis' own error.

local function ids(text)
  local ms, seq = string.match(text, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(seq)
end

local function refused(stream, id, body)
  local stored = redis.call('XRANGE', stream, id, id)
  if #stored == 1 then
    return stored[1][2][2] == body and 'same' or 'conflict'
  end
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
  if #oldest == 0 then
    return 'trimmed'
  end
  local ms, seq = ids(id)
  local first_ms, first_seq = ids(oldest[1][1])
  if ms < first_ms or (ms == first_ms and seq < first_seq) then
    return 'trimmed'
  end
  return 'conflict'
end

local function cut(stream, counter, cap)
  if redis.call('XLEN', stream) > cap then
    local gone = redis.call('XTRIM', stream, 'MAXLEN', '~', cap)
    if gone > 0 then
      redis.call('INCRBY', counter, gone)
    end
  end
end

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {'fenced'}
end
local cap = tonumber(ARGV[2])
local said = {}
for i = 3, #ARGV, 6 do
  local channel, id, kind = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
  local field, body, sent = ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local stream = KEYS[1 + 2 * channel]
  local added = redis.pcall('XADD', stream, id, field, body, 'sent_ns', sent)
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then
      said[#said + 1] = added.err
      return said
    end
    local word = refused(stream, id, body)
    said[#said + 1] = word
    if word == 'conflict' then
      return said
    end
  else
    cut(stream, KEYS[2 + 2 * channel], cap)
    if kind ~= 'other' then
      redis.call('HSET', KEYS[2], 'id', id, 'reading', body, 'sent_ns', sent)
      if kind == 'final' then
        redis.call('HSET', KEYS[2], 'final_id', id, 'final', body)
      end
    end
    said[#said + 1] = 'added'
  end
end
return said
