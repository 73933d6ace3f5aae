#pragma once

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace xfsbus::peer::net {

/// Pairs questions with their answers on one connection, and gives up when none comes.
/// Reactor thread.
class Asker {
  public:
    /// Questions without an answer yet; each is kept as long as its patience lasts.
    static constexpr std::size_t open_most = 4096;

    using OnAnswer = std::function<void(Result<wire::Message>)>;
    using Send = std::function<bool(wire::Message const&, std::uint64_t request)>;

    /// `whom` names the other side in errors; `silence` is the error when it does not answer.
    Asker(bus::Scheduler& scheduler, Send send, std::string whom, Errc silence);
    ~Asker();
    Asker(Asker const&) = delete;
    Asker& operator=(Asker const&) = delete;

    /// Asks again, at growing pauses, as long as the other side says that it is busy.
    /// `on_answer` is called once: with the answer; an Error for a Failure, after `patience`, or
    /// when the asker is destroyed; at once if too many are open.
    void ask(wire::Message const& question, wire::Duration patience, OnAnswer on_answer);

    /// An answer came in. False: nobody waits for it.
    bool on_answer(std::uint64_t request, wire::Message&& message);

    /// Answers everything that is pending with an Error, and whatever is asked from now on.
    void abandon();

    /// All that is asked now fails with this; the next question is another matter. A callback may
    /// destroy this.
    void fail_all(Error const& error);

    /// On a new connection: what was sent on the one before may be lost.
    void ask_all_again();

    /// What is known to be wrong with the other side; explains the silence in errors.
    void set_trouble(std::string trouble) { trouble_ = std::move(trouble); }

    [[nodiscard]] std::string const& trouble() const { return trouble_; }

    [[nodiscard]] std::string const& whom() const { return whom_; }

  private:
    struct Pending {
        OnAnswer on_answer;
        bus::Scheduler::TimerId timer{};
        wire::Message question;
        wire::Duration pause{};                          ///< before it is asked again
        std::string busy = {};                           ///< why, as it last said; escaped
        std::optional<bus::Scheduler::TimerId> again{};  ///< set while the other side is busy
    };

    [[nodiscard]] Error closed() const;
    void cancel_timers(Pending const& pending) const;
    void ask_again(std::uint64_t request);
    void finish(std::uint64_t request, Result<wire::Message> answer);

    bus::Scheduler& scheduler_;
    Send send_;
    std::string whom_;
    Errc silence_;
    std::string trouble_;
    bool abandoned_ = false;
    std::uint64_t last_request_ = 0;
    std::unordered_map<std::uint64_t, Pending> pending_;
};

}  // namespace xfsbus::peer::net
