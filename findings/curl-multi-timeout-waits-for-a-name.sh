#!/usr/bin/env bash
# libcurl 7.88.1: a transfer of the multi interface whose name look-up hangs keeps its timeout, and then
# curl_multi_perform() does not return until the look-up is done: it joins the thread that waits in
# getaddrinfo(). All other transfers of that thread stand still for so long, with a dead name server up to
# half a minute, though CURLOPT_TIMEOUT_MS bounds each and the interface is there so that none blocks. What
# turns it off is CURLOPT_QUICK_EXIT, whose documentation speaks of programs that are about to end, and no
# word of this. The program below puts its own getaddrinfo() in front of the system's, which takes four
# seconds.
#
# Seen: Debian 12, libcurl4 7.88.1-10+deb12u15, a timeout of 300 ms:
#   without CURLOPT_QUICK_EXIT: Timeout was reached, curl_multi_perform() took over 2 seconds
#   with CURLOPT_QUICK_EXIT: Timeout was reached, curl_multi_perform() took under 1 second
# Needs: g++, libcurl4-openssl-dev and libcurl4 of Debian 12. Exits 1 if the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >program.cc <<'PROGRAM'
#include <curl/curl.h>
#include <netdb.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <iostream>
// libcurl finds this one before that of the C library.
extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  sleep(4);
  return EAI_AGAIN;
}
// The longest call of curl_multi_perform(), in seconds.
double longest_call(long quick_exit) {
  using Clock = std::chrono::steady_clock;
  CURLM* multi = curl_multi_init();
  CURL* transfer = curl_easy_init();
  curl_easy_setopt(transfer, CURLOPT_URL, "http://peer.example/");
  curl_easy_setopt(transfer, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(transfer, CURLOPT_TIMEOUT_MS, 300L);
  curl_easy_setopt(transfer, CURLOPT_QUICK_EXIT, quick_exit);
  curl_multi_add_handle(multi, transfer);
  double longest = 0;
  for (int running = 1; running > 0;) {
    const Clock::time_point begin = Clock::now();
    curl_multi_perform(multi, &running);
    longest = std::max(longest, std::chrono::duration<double>(Clock::now() - begin).count());
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 50, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  std::cout << (quick_exit ? "with" : "without") << " CURLOPT_QUICK_EXIT: "
            << (message ? curl_easy_strerror(message->data.result) : "no result") << ", curl_multi_perform() took "
            << (longest > 2 ? "over 2 seconds" : longest < 1 ? "under 1 second" : "1 to 2 seconds") << std::endl;
  curl_multi_remove_handle(multi, transfer);
  curl_easy_cleanup(transfer);
  curl_multi_cleanup(multi);
  return longest;
}
int main() {
  curl_global_init(CURL_GLOBAL_ALL);
  const double without = longest_call(0);
  const double with = longest_call(1);
  _exit(without > 2 && with < 1 ? 0 : 1);  // the forgotten thread still sleeps
}
PROGRAM
g++ -std=c++17 -rdynamic program.cc -lcurl -o program
timeout 30 ./program
