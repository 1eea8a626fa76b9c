-- The caller has put back all that it knows. -> whether others have yet to
bring_nothing_new()
if call('EXISTS', P .. 'wait') == 1 then call('HSET', P .. 'wait', self, 0) end
return unsettled() and 1 or 0
