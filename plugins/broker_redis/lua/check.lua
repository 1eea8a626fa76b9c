-- count, and of so many peers of the caller: fp alias count ns...; then ns members-of-the-caller ...
-- -> {namespaces whose counts of members were wrong, and are right now, fp ...}: peers of whom
-- something is missing, which the caller puts back
bring_nothing_new()
local kMostToCount = 10000

local function is_lost(fp, ns)
  if call('HEXISTS', P .. 'k:' .. ns, fp) == 1 then return false end
  return call('HEXISTS', P .. 'sm:' .. ns, fp) == 0 or call('EXISTS', P .. 's:' .. ns) == 0 or
         not call('ZSCORE', P .. 'sz:' .. ns, fp) or call('SISMEMBER', P .. 'm:' .. fp, ns) == 0
end

local function is_missing(fp, alias, first, last)
  local node = call('HGET', P .. 'p:' .. fp, 'n')
  if not node then return true end
  if node ~= self then return false end  -- it has moved, and its node here is told
  if call('SISMEMBER', P .. 'n:' .. self, fp) == 0 then return true end
  if alias ~= '' and not call('GET', P .. 'a:' .. alias) then return true end
  for i = first, last do
    if is_lost(fp, ARGV[i]) then return true end
  end
  return false
end

local answer, at = {0}, 4
for _ = 1, tonumber(ARGV[3]) do
  local fp, alias, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  if is_missing(fp, alias, at + 3, at + 2 + count) then answer[#answer + 1] = fp end
  at = at + 3 + count
end
for i = at, #ARGV, 2 do
  local ns, counted = ARGV[i], tonumber(call('HGET', P .. 'sn:' .. ARGV[i], self) or 0)
  local wrong = counted ~= tonumber(ARGV[i + 1])  -- or a join is on its way: counting does no harm
  if wrong and (counted == 0 or call('HLEN', P .. 'sm:' .. ns) <= kMostToCount) and
     count_members(ns) then
    answer[1] = answer[1] + 1
  end
end
return answer
