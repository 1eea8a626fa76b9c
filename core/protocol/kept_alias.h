#pragma once

#include <cstddef>
#include <string_view>

#include <peer/sdk/automatic_alias.h>

#include "core/base/fingerprint.h"
#include "core/base/lean_text.h"

namespace peer {

using sdk::AutomaticAlias;

/// The alias of a peer, as it is asked for, without an allocation. Good as long as the KeptAlias is
/// there and the same: a view() of it is good as long as this is, too.
class AliasText {
 public:
  explicit AliasText(std::string_view own) : own_(own) {}
  explicit AliasText(const Fingerprint& peer) : automatic_(peer) {}

  [[nodiscard]] std::string_view view() const { return own_.empty() ? automatic_.view() : own_; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::size_t size() const { return view().size(); }

 private:
  std::string_view own_;  // empty: the automatic one
  AutomaticAlias automatic_;
};

/// The alias of a peer, kept beside its fingerprint: an automatic one, which most peers have, is
/// made of that when it is asked for.
class KeptAlias {
 public:
  KeptAlias() = default;  ///< the automatic one
  /// An empty `alias`: the automatic one.
  KeptAlias(std::string_view alias, const Fingerprint& peer)
      : own_(!alias.empty() && alias == AutomaticAlias(peer).view() ? std::string_view() : alias) {}

  /// `peer`: the same as before, since an automatic alias is made of it anew.
  [[nodiscard]] AliasText text(const Fingerprint& peer) const {
    return own_.empty() ? AliasText(peer) : AliasText(own_.view());
  }

  /// Of text(), which need not be made for that.
  [[nodiscard]] std::size_t size(const Fingerprint& peer) const {
    return own_.empty() ? AutomaticAlias::size_of(peer) : own_.size();
  }

 private:
  LeanText own_;  // empty: the automatic one; no alias is empty
};

}  // namespace peer
