-- envelope: the caller ends
remove_node(self)
tell_all(ARGV[3], self)
return 0
