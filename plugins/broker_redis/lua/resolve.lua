-- alias... -> {who else may know them, fp or '' ...}: 0 nobody | 1 nodes that have yet to put back what
-- was lost | 2 nodes of another kind
local answer = {unsettled() and 1 or foreign_listeners() > 0 and 2 or 0}
for i = 3, #ARGV do answer[#answer + 1] = call('GET', P .. 'a:' .. ARGV[i]) or '' end
return answer
