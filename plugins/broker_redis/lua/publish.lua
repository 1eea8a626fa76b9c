-- channel message -> who listens to it here
-- For nodes of a Cluster, where PUBLISH alone is accepted by nodes that count other listeners.
return call('PUBLISH', ARGV[3], ARGV[4])
