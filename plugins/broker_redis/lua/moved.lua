-- fp node of peers -> {index (from 0) ...} of those that another node has by now
return moved_peers(3)
