-- The caller has put back all that it knows.
if call('EXISTS', P .. 'wait') == 1 then call('HSET', P .. 'wait', self, 0) end
return 0
