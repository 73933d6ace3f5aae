#pragma once

#include "request.hpp"

#include <xfsbus/door/door.hpp>
#include <xfsbus/files/fd.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <variant>

namespace xfsbus::door {

/// The connections whose requests are not whole yet. Waits for all of them at once, so that who
/// says nothing, or says it slowly, holds up nobody. The listener's thread.
class Reception {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// A whole head has come, or what can be no head.
    using OnRequest = std::function<void(files::Fd, std::variant<Request, Refusal> const&)>;

    /// `listening`: a socket that does not block. `wake`: can be read when wait() is to return.
    Reception(int listening, int wake, Limits const& limits, OnRequest on_request);

    /// Waits for what comes, a second at most, and deals with it.
    void wait();

  private:
    struct Waiting {
        files::Fd socket;
        std::string head;
        Time until;
        bool over = false;
    };

    void take_new(Time now);
    void hear(Waiting& client);
    void refuse_late(Time now);
    void end(Waiting& client, std::variant<Request, Refusal> const& what);

    int listening_;
    int wake_;
    Limits limits_;
    OnRequest on_request_;
    std::list<Waiting> waiting_;  ///< the one that has waited longest first
    Time pause_until_{};          ///< there are no descriptors for more
};

}  // namespace xfsbus::door
