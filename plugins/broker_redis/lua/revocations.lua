-- -> {fp|words, when (us) ...}: who was thrown out in the last hour
return call('ZRANGEBYSCORE', P .. 'v', digits(now_us() - 3600000000), '+inf', 'WITHSCORES')
