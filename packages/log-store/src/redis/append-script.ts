/**
 * Compares and appends at once. KEYS: positions, index, stream. ARGV: file, from, to, most entries of the stream,
 * milliseconds until an idle stream goes, now, then for each entry the number of its words and the words.
 *
 * Answers `ok`, or the position that the store has for the file when it is not `from`.
 */
export const appendScript = `
local position = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if position ~= ARGV[2] then return position end
local i = 7
while i <= #ARGV do
  local count = tonumber(ARGV[i])
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, i + 1, i + count))
  i = i + 1 + count
end
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[6], KEYS[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[6]) - tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'ok'
`
