-- ns envelope -> nodes told
return tell(ARGV[3], ARGV[4], self)
