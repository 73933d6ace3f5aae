#pragma once

#include "catalogue.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace xfsbus::tracker {

/// What a subscription is about.
struct Subject {
    std::optional<wire::Glob> files;  ///< nullopt: none
    bool peers = false;
};

/// Numbers changes of all kinds in one order, so that one number says how far somebody has looked.
class ChangeNumbers {
  public:
    /// From now on changes are noted: before somebody asks that costs nothing.
    void begin() { begun_ = true; }

    [[nodiscard]] bool begun() const { return begun_; }

    std::uint64_t take() { return ++last_; }

    /// 0: there was no change.
    [[nodiscard]] std::uint64_t last() const { return last_; }

  private:
    bool begun_ = false;
    std::uint64_t last_ = 0;
};

/// What a change takes for the text of its key.
inline std::size_t text_bytes(Position const& file) {
    return file.name.size();
}

inline std::size_t text_bytes(wire::PeerId const&) {
    return 0;
}

/// Which things of one kind have changed of late, in the order of their last change: each stands
/// here once, however often it changes. Bounded: the oldest are forgotten. One thread.
template <typename Key, typename Order>
class ChangeLog {
  public:
    /// What a change takes beside the text of its key.
    static constexpr std::size_t overhead = 224;

    /// The numbers must outlive it.
    ChangeLog(ChangeNumbers& numbers, std::size_t bytes_most)
        : numbers_(numbers), bytes_most_(bytes_most) {}

    /// What is told of this is another thing now.
    void note(Key const& key) {
        if (!numbers_.begun()) {
            return;
        }
        auto const number = numbers_.take();
        auto const [entry, is_new] = latest_.try_emplace(key, number);
        if (is_new) {
            bytes_ += overhead + text_bytes(key);
        } else {
            in_order_.erase(entry->second);
            entry->second = number;
        }
        in_order_.emplace_hint(in_order_.end(), number, entry);
        while (bytes_ > bytes_most_) {
            forget_oldest();
        }
    }

    /// Whether all changes behind this one are here.
    [[nodiscard]] bool reaches(std::uint64_t number) const { return forgotten_ <= number; }

    /// The first one behind this number.
    struct Change {
        std::uint64_t number = 0;
        Key const* key = nullptr;  ///< as long as nothing is noted; nullptr: there is none
    };

    [[nodiscard]] Change after(std::uint64_t number) const {
        auto const found = in_order_.upper_bound(number);
        return found == in_order_.end() ? Change{} : Change{found->first, &found->second->first};
    }

  private:
    using Latest = std::map<Key, std::uint64_t, Order>;

    void forget_oldest() {
        auto const oldest = in_order_.begin();
        forgotten_ = oldest->first;
        bytes_ -= overhead + text_bytes(oldest->second->first);
        latest_.erase(oldest->second);
        in_order_.erase(oldest);
    }

    ChangeNumbers& numbers_;
    std::size_t bytes_most_;
    std::size_t bytes_ = 0;
    std::uint64_t forgotten_ = 0;  ///< the number of the last one that is not here any more
    Latest latest_;
    std::map<std::uint64_t, typename Latest::iterator> in_order_;
};

using PeerLog = ChangeLog<wire::PeerId, std::less<>>;

/// What subscriptions may hear of. One thread.
struct ChangeLogs {
    /// `bytes_most`: of each kind.
    explicit ChangeLogs(std::size_t bytes_most)
        : files(numbers, bytes_most), peers(numbers, bytes_most) {}

    /// Whether all changes of the subject behind this one are here.
    [[nodiscard]] bool reach(Subject const& subject, std::uint64_t number) const {
        return number <= numbers.last() && (!subject.files || files.reaches(number)) &&
               (!subject.peers || peers.reaches(number));
    }

    /// A file, or a peer, or, with neither, nothing.
    struct Change {
        Position const* file = nullptr;
        wire::PeerId const* peer = nullptr;
    };

    /// The first one of the subject behind `number`, which becomes its number; that of the last one
    /// of all if there is none. As long as nothing is noted.
    [[nodiscard]] Change next(Subject const& subject, std::uint64_t& number) const {
        auto const file = subject.files ? files.after(number) : FileLog::Change{};
        auto const peer = subject.peers ? peers.after(number) : PeerLog::Change{};
        bool const file_first =
            file.key != nullptr && (peer.key == nullptr || file.number < peer.number);
        if (file_first || peer.key != nullptr) {
            number = file_first ? file.number : peer.number;
        } else {
            number = numbers.last();
        }
        return {file_first ? file.key : nullptr, file_first ? nullptr : peer.key};
    }

    ChangeNumbers numbers;
    FileLog files;
    PeerLog peers;
};

}  // namespace xfsbus::tracker
