-- envelope: the caller ends
bring_nothing_new()
remove_node(self)
tell_all(ARGV[3], self)
return 0
