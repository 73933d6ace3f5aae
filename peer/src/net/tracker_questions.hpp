#pragma once

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <vector>

namespace xfsbus::peer::net {

/// What may be asked of the tracker. Each question is answered once. Reactor thread.
class TrackerQuestions {
  public:
    template <typename T>
    using OnAnswer = std::function<void(Result<T>)>;

    /// Its list of peers, with what it says of itself.
    struct Look {
        std::vector<wire::PeerEntry> peers;
        bool young = false;  ///< it may not know all of them
    };

    TrackerQuestions() = default;
    virtual ~TrackerQuestions() = default;
    TrackerQuestions(TrackerQuestions const&) = delete;
    TrackerQuestions& operator=(TrackerQuestions const&) = delete;

    /// The whole answer, all its pages, whatever `after` the question has.
    virtual void find(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) = 0;
    /// The first file that matches, if there is one.
    virtual void find_first(wire::Find question,
                            OnAnswer<std::vector<wire::FoundFile>> on_files) = 0;
    /// One question of a subscription.
    virtual void subscribe(wire::Subscribe question, OnAnswer<wire::Changes> on_changes) = 0;
    virtual void look_at_peers(OnAnswer<Look> on_look) = 0;
};

}  // namespace xfsbus::peer::net
