#pragma once

#include <vector>

#include "resolver.h"

namespace peer_redis {

/// Which of a name's addresses is tried next: the one that worked last, then the others in the
/// order of the answer, none a second time before all of them have been tried. Loop thread only.
class AddressChoice {
 public:
  /// `found`: what the name leads to now, not empty; the order may differ from answer to answer.
  const Address& next(const std::vector<Address>& found);
  /// Some of the last answer have yet to be tried.
  [[nodiscard]] bool has_others() const { return others_; }
  /// The one that next() gave last serves its purpose.
  void worked();

 private:
  std::vector<Address> tried_;   ///< since one worked, or since all had been tried
  std::vector<Address> worked_;  ///< one at most
  Address current_;
  bool others_ = false;
};

}  // namespace peer_redis
