#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/match_strategy.h>

/// The tickets of one namespace, in buckets of equal group size and criteria (docs/protocol.md,
/// "match"). A bucket that holds a whole group gives it away, oldest tickets first.
///
/// Ticket ids rise with time and never change, so that their order is the order of waiting: a
/// ticket that the core adds again, because its group could not be claimed, is back at its place.
///
/// Adding and removing cost O(log n); form_groups() looks at full buckets only, however many
/// tickets wait. One call at a time.
class CriteriaQueue final : public peer::sdk::MatchQueue {
 public:
  void add(const peer::sdk::MatchTicket& ticket) override;
  /// Unknown ids are ignored (MatchQueue).
  void remove(peer::sdk::TicketId id) override;
  /// Of several groups the one with the oldest ticket comes first.
  void add_groups(peer::sdk::Instant now, peer::sdk::MatchGroups& groups) override;
  std::vector<peer::sdk::MatchGroup> form_groups(peer::sdk::Instant now) override;
  /// Never: only a new ticket can complete a group.
  [[nodiscard]] std::optional<peer::sdk::Instant> next_change(peer::sdk::Instant) const override {
    return std::nullopt;
  }

 private:
  /// Tickets that fit together, the oldest first: fewer than a group, once groups are formed.
  using Bucket = std::vector<peer::sdk::TicketId>;
  /// In the order of the hash first, which says nothing of the criteria: with 10,000 buckets whose
  /// criteria begin alike, to compare these took longer than all else. Whoever makes hashes equal
  /// is left with the comparisons.
  struct Key {
    std::size_t hash;
    std::uint32_t group_size;
    std::string criteria;
  };
  /// A Key without its own text, to look for one: most tickets come into a bucket that is there.
  struct KeyView {
    std::size_t hash;
    std::uint32_t group_size;
    std::string_view criteria;
  };
  /// What nearly always tells keys apart.
  struct KeyNumbers {
    std::size_t hash;
    std::uint32_t group_size;
  };
  struct KeyOrder {
    using is_transparent = void;
    bool operator()(const Key& left, const KeyNumbers& right) const {
      return left.hash != right.hash ? left.hash < right.hash : left.group_size < right.group_size;
    }
    template <typename Left, typename Right>
    bool operator()(const Left& left, const Right& right) const {
      if (left.hash != right.hash) return left.hash < right.hash;
      if (left.group_size != right.group_size) return left.group_size < right.group_size;
      return std::string_view(left.criteria) < std::string_view(right.criteria);
    }
  };
  using Buckets = std::map<Key, Bucket, KeyOrder>;
  /// Where a ticket is; `bucket` is the end of the buckets when it has gone.
  struct Place {
    peer::sdk::TicketId ticket;
    Buckets::iterator bucket;
  };
  using Places = std::vector<Place>;

  static bool holds_group(Buckets::const_iterator bucket) {
    return bucket->second.size() >= bucket->first.group_size;
  }
  /// The bucket of a request, made if there is none.
  Buckets::iterator bucket_of(const peer::sdk::MatchRequest& request);
  /// The first place that is not before the ticket's.
  Places::iterator place_of(peer::sdk::TicketId id);
  /// A ticket's place: it has gone. Others' places stay, until half of all have gone.
  void leave(peer::sdk::TicketId id);
  void drop_left_places();
  /// Ends the first `count` tickets of a bucket, which is in `full_` no more.
  void drop_first(Buckets::iterator bucket, std::ptrdiff_t count);
  /// To be called after tickets have left `bucket`: no empty one is kept, but for one.
  void shrunk(Buckets::iterator bucket);

  Buckets buckets_;  ///< their iterators stay good until they are erased
  /// The one that is empty, or the end: for who asks for the same next, as two do who are matched
  /// again and again; or its memory for the next one.
  Buckets::iterator empty_ = buckets_.end();
  Places places_;         ///< of the tickets, in the order of their ids
  std::size_t left_ = 0;  ///< of these, those of tickets that have gone
  /// A bucket that holds a group. While groups are formed, `given` of its tickets are in one.
  struct Full {
    Buckets::iterator bucket;
    std::ptrdiff_t given = 0;
  };
  std::vector<Full> full_;  ///< each bucket once
};
