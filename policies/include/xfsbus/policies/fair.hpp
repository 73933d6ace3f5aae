#pragma once

#include <xfsbus/policies/upload_choice.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace xfsbus::policies {

/// Which of these waits with the best right: who was given least; but a chunk that has never left
/// goes before a second copy of another of the same content. `share`, `copies` and `content` are
/// what abi.h says of one of them. There is at least one.
template <class Waiting, class Share, class Copies, class Content>
Waiting const& fairest(std::span<Waiting const> all, Share share, Copies copies, Content content) {
    auto const less = [&](Waiting const& a, Waiting const& b) { return share(a) < share(b); };
    auto const& fair = *std::min_element(all.begin(), all.end(), less);
    Waiting const* best = &fair;
    for (auto const& each : all) {
        bool const fresher =
            copies(fair) > 0 && copies(each) == 0 && content(each) == content(fair);
        if (fresher && (copies(*best) > 0 || less(each, *best))) {
            best = &each;
        }
    }
    return *best;
}

/// The default: sinks are served fairly by bytes (start-time fair queueing: Goyal, Vin and Cheng,
/// SIGCOMM 1996), and each chunk leaves once before another leaves twice.
/// In the API because it is both a plug-in and what a peer does without one, or when one fails.
class Fair final : public UploadChoice {
  public:
    void rank(UploadRequest const&, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        auto const& first = fairest(
            sinks, [](auto const& sink) { return sink.share_bytes; },
            [](auto const& sink) { return sink.copies; },
            [](auto const& sink) { return sink.content; });
        std::fill(ranks.begin(), ranks.end(), 1.0);
        ranks[static_cast<std::size_t>(&first - sinks.data())] = 0.0;
    }
};

}  // namespace xfsbus::policies
