#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <peer/sdk/host.h>
#include <peer/sdk/result.h>

#include "fetch_schedule.h"
#include "jwks_fetch.h"
#include "key_set.h"
#include "options.h"
#include "watched_file.h"

namespace peer_jwt {

/// All keys at one moment. Immutable, so that a loop that holds one may look keys up in it without
/// a lock, whatever is loaded meanwhile.
struct Keys {
  std::vector<std::shared_ptr<const KeySet>> owners;  ///< shared with the loader and later moments
  std::vector<const KeySet*> sets;                    ///< the same, in that order, for find_key()
};

/// Holds the keys, and keeps them as they are in files and at a URL. All that blocks is done on a
/// thread of its own; what is there stays in use until something newer can be read.
class KeyLoader {
 public:
  KeyLoader(const Options& options, peer::sdk::PluginHost& host);
  ~KeyLoader() { stop(); }
  KeyLoader(const KeyLoader&) = delete;
  KeyLoader& operator=(const KeyLoader&) = delete;

  /// Reads all files, once, before start(). An error says which is of no use.
  [[nodiscard]] peer::sdk::Result<void> load_files();
  /// Starts the thread, which fetches at once from the URL, if there is one.
  [[nodiscard]] peer::sdk::Result<void> start();
  /// Ends the thread; those that still wait for keys are called. More calls do nothing.
  void stop();
  /// Has all files looked at now. Any thread.
  void look_at_files();

  /// Any thread.
  [[nodiscard]] std::shared_ptr<const Keys> current() const;
  /// Has `then` called on the loader's thread when the next fetch has ended, whether or not it
  /// brought anything. False, and it is never called, when no fetch is under way and none may be
  /// begun, or when too many wait. Any thread.
  [[nodiscard]] bool await_fetch(std::function<void()> then);

 private:
  /// A part of the keys, with the file that it comes from.
  struct FilePart {
    /// As messages call it: the option, and the path unless the file is a secret.
    std::string name;
    WatchedFile file;
    std::function<peer::sdk::Result<KeySet>(std::string_view)> read;
    std::shared_ptr<const KeySet> keys;
  };

  /// One entry of the option `keys`: a secret is read now, a file by load_files().
  void add_key(const KeyOption& option);
  /// Reads a JWKS; keys that are left out are logged.
  [[nodiscard]] peer::sdk::Result<KeySet> read_jwks_text(std::string_view text, Secrets secrets);
  /// Reads a file. After an error its earlier keys stay.
  [[nodiscard]] peer::sdk::Result<void> load(FilePart& part);
  /// The thread: looks at the files once a second, and fetches when that is due.
  void run();
  /// A file that cannot be read is logged, once for each version of it.
  void reread_changed_files();
  /// Fetches from the URL, and calls those who wait, whatever came of it.
  void fetch();
  /// Makes what has been read the current keys.
  void publish();
  [[nodiscard]] bool is_stopping() const;

  const Options options_;
  peer::sdk::PluginHost& host_;
  std::vector<std::shared_ptr<const KeySet>> fixed_;
  std::vector<std::string> faults_;  ///< of keys in the options
  // The loader's thread alone, once that has started.
  std::vector<FilePart> files_;
  std::shared_ptr<const KeySet> fetched_;
  std::unique_ptr<JwksFetch> fetcher_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::shared_ptr<const Keys> keys_;
  std::optional<FetchSchedule> schedule_;
  std::vector<std::function<void()>> waiting_;
  bool fetching_ = false;
  bool look_now_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace peer_jwt
