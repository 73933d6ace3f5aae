#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace xfsbus::console {

/// The exit codes of jobs that have ended and were not waited for, by the numbers of the jobs. Of
/// more than so many those of the oldest jobs are forgotten: a shell may run for years, and wait
/// for none. That one of them has failed is not forgotten. Main thread.
class ExitCodes {
  public:
    static constexpr std::size_t most = 1000;

    void add(unsigned number, int code) {
        if (codes_.size() == most) {  // before: somebody may wait for this very one
            auto const oldest = codes_.extract(codes_.begin()).mapped();
            forgotten_ = forgotten_ != 0 ? forgotten_ : oldest;
        }
        codes_.emplace(number, code);
    }

    [[nodiscard]] bool contains(unsigned number) const { return codes_.contains(number); }

    /// Gives this one out, once. nullopt: there is none, or it is forgotten.
    std::optional<int> take(unsigned number) {
        auto const node = codes_.extract(number);
        return node ? std::optional(node.mapped()) : std::nullopt;
    }

    /// Gives all out, once: the first that is not 0.
    int take_all() {
        auto const codes = std::exchange(codes_, {});
        auto const failed =
            std::ranges::find_if(codes, [](auto const& entry) { return entry.second != 0; });
        int const forgotten = std::exchange(forgotten_, 0);
        return forgotten != 0 || failed == codes.end() ? forgotten : failed->second;
    }

  private:
    std::map<unsigned, int> codes_;
    int forgotten_ = 0;  ///< the first of those that is not 0
};

}  // namespace xfsbus::console
