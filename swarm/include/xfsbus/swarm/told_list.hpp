#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

namespace xfsbus::swarm {

/// What is known of the things of one kind, by whole lists of them and by changes, and what of it
/// has not been told yet. A thing is told as it is then, so what has come and gone, or is again as
/// it was told, is not told. A core; one thread.
///
/// Of a `Value` none() says that the thing is gone, gone() makes it so, bytes() is what it takes
/// beside itself, and two are equal if the one would be no news to who knows the other. The `Tally`
/// is told of what is known, there and told (+1, -1), and says what a thing takes in memory.
template <typename Key, typename Value, typename Tally>
class ToldList {
  public:
    struct State {
        Value now;
        Value told;              ///< none: it was not told of
        std::uint64_t list = 0;  ///< the last whole list that has it, or came before it appeared
        bool first = false;      ///< it came with the first list
        bool waits = false;      ///< to be told
    };

    using Things = std::map<Key, State>;
    using Thing = typename Things::value_type;

    [[nodiscard]] Things const& things() const { return things_; }

    [[nodiscard]] Tally const& tally() const { return tally_; }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    void begin_list() {
        ++list_;
        swept_ = false;
    }

    /// It is there, and so.
    void take(Key const& key, Value value) {
        auto found = things_.find(key);
        if (found == things_.end()) {
            found = things_.emplace(key, State{}).first;
            tally_.known(key, 1);
            bytes_ += bytes_of(*found);
        }
        found->second.list = list_;
        set(found, std::move(value));
    }

    void take_gone(Key const& key) {
        auto const found = things_.find(key);
        if (found != things_.end()) {
            found->second.list = list_;
            set(found, found->second.now.gone());
        }
    }

    /// The list is over, and what comes from now on appears. If it is whole, what it does not name,
    /// and nobody has told of since, is gone.
    void end_list(bool whole) {
        first_ = false;
        if (!whole || std::exchange(swept_, true)) {
            return;
        }
        for (auto it = things_.begin(); it != things_.end(); ++it) {
            if (it->second.list != list_) {
                set(it, it->second.now.gone());
            }
        }
    }

    /// What `make` makes of the next thing that is to be told, as it is before it counts as told;
    /// nullopt: all is told.
    template <typename Make>
    std::optional<std::invoke_result_t<Make, Thing const&>> next(Make const& make) {
        while (!to_tell_.empty()) {
            auto const thing = to_tell_.front();
            to_tell_.pop_front();
            thing->second.waits = false;
            bool const is_news = !(thing->second.now == thing->second.told);
            auto news = make(*thing);
            set_told(thing);
            if (is_news) {
                return news;
            }
        }
        return std::nullopt;
    }

  private:
    using Place = typename Things::iterator;

    static std::size_t bytes_of(Thing const& thing) {
        return Tally::bytes(thing.first) + thing.second.now.bytes() + thing.second.told.bytes();
    }

    void set(Place thing, Value value) {
        auto& state = thing->second;
        bytes_ -= bytes_of(*thing);
        tally_.there(thing->first, (value.none() ? 0 : 1) - (state.now.none() ? 0 : 1));
        state.now = std::move(value);
        state.first = state.first || (first_ && state.told.none());
        bytes_ += bytes_of(*thing);
        if (!state.waits && !(state.now == state.told)) {
            state.waits = true;
            to_tell_.push_back(thing);
        }
    }

    /// What is told is what is so; what is gone is forgotten.
    void set_told(Place thing) {
        auto& state = thing->second;
        bytes_ -= bytes_of(*thing);
        tally_.told(thing->first, (state.now.none() ? 0 : 1) - (state.told.none() ? 0 : 1));
        state.told = state.now;
        bytes_ += bytes_of(*thing);
        if (state.now.none()) {
            bytes_ -= bytes_of(*thing);
            tally_.known(thing->first, -1);
            things_.erase(thing);
        }
    }

    Things things_;
    std::deque<Place> to_tell_;
    Tally tally_;
    std::size_t bytes_ = 0;
    std::uint64_t list_ = 0;  ///< the number of the whole list that came last
    bool swept_ = false;      ///< what that list does not name is gone
    bool first_ = true;       ///< the first list has not ended yet
};

}  // namespace xfsbus::swarm
