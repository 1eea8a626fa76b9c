-- alias... -> {whether others may know, fp or '' ...}
local answer = {(unsettled() or foreign_listeners() > 0) and 1 or 0}
for i = 3, #ARGV do answer[#answer + 1] = call('GET', P .. 'a:' .. ARGV[i]) or '' end
return answer
