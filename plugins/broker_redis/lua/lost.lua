-- milliseconds node...: these nodes have yet to put back what a loss of data took
for i = 4, #ARGV do call('HSETNX', P .. 'wait', ARGV[i], 1) end
call('PEXPIRE', P .. 'wait', ARGV[3])
return 0
