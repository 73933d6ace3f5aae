#pragma once

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace xfsbus::swarm {

/// Keeps the tracker's entry of this peer true: registers, sends the list of files and its
/// changes in numbered batches, sends heartbeats, and begins again when the tracker has forgotten
/// it. A core: fed with events and the time; messages go out through its Owner.
class Announcer {
  public:
    struct Options {
        wire::PeerId peer;
        wire::Endpoint listens;  ///< as configured; this is registered, whatever a tracker says
        std::string labels;
        bool silent = false;  ///< no heartbeats: speak only when something is to be said
        std::uint64_t seed = 0;
        wire::Duration answer_most = std::chrono::seconds(2);  ///< then it is said again
        /// A registration that was refused is tried again after so long.
        wire::Duration refused_pause = std::chrono::seconds(1);
        /// The same for a list of files that the tracker does not take.
        wire::Duration list_pause = std::chrono::seconds(30);
        wire::Duration jitter = std::chrono::milliseconds(500);
        std::size_t unanswered_most = 4;
    };

    /// What it needs of its owner.
    class Owner {
      public:
        virtual ~Owner() = default;
        /// `number` is one more each time; the answer is to come back with it.
        virtual void send(wire::Message const& message, std::uint64_t number) = 0;
        /// Up to `most` files of the share that follow this name, in order of their names.
        virtual std::vector<wire::FileEntry> files_after(std::string const& name,
                                                         std::size_t most) = 0;
        /// Transfers that the peer is busy with.
        virtual std::uint32_t load() = 0;
    };

    Announcer(Options options, Owner& owner);

    // ---- events ----
    void on_connected(wire::Time now, bool connected);
    /// `number`: of the message that this answers; 0: of none that was sent here.
    void on_message(wire::Time now, wire::Message const& message, std::uint64_t number);
    /// A file of the share appeared, changed or went (nullopt). Owner::files_after says so already.
    void on_changed(wire::Time now, std::string const& name, std::optional<wire::FileEntry> entry);
    /// The same of many, which are said together.
    void on_changed(wire::Time now, std::vector<wire::FileEntry> added,
                    std::vector<std::string> removed);
    void on_tick(wire::Time now);
    /// Says good-bye.
    void leave(wire::Time now);
    /// Sends the whole list again, also when silent.
    void resend(wire::Time now);

    // ---- answers ----
    [[nodiscard]] bool registered() const { return state_ == State::registered; }

    /// Registered, and every change known to the tracker.
    [[nodiscard]] bool settled() const;

    /// What the tracker tells others of our address; once registered.
    [[nodiscard]] wire::Endpoint const& listens() const { return told_; }

    /// What the tracker refuses, and why, in words of its own, escaped; empty: nothing. It is tried
    /// again all the same, now and then.
    [[nodiscard]] std::string const& trouble() const { return trouble_; }

    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

  private:
    enum class State { away, waiting, asked, registered };

    void begin_registration(wire::Time now, bool with_jitter);
    void register_now(wire::Time now);
    void on_registered(wire::Time now, wire::Registered const& message);
    void on_updated(wire::Time now, wire::Updated const& message);
    void on_failure(wire::Time now, wire::Failure const& message, std::uint64_t number);
    void on_list_refused(wire::Time now, std::string const& reason);
    void on_alive(wire::Time now, wire::Alive const& message);
    void set_heartbeat(std::uint32_t milliseconds);
    void on_epoch(wire::Time now, std::uint64_t epoch);
    void restart_list();
    void flush(wire::Time now);
    void send_full_batch(wire::Time now);
    void send_changes(wire::Time now);
    void send_update(wire::Time now, wire::Update update);
    void send(wire::Message const& message);

    /// Of the last Update of which it is known that the tracker has taken it, or that no longer
    /// matters.
    [[nodiscard]] std::uint64_t acknowledged() const { return sequence_ - unanswered_.size(); }

    [[nodiscard]] bool full() const { return full_from_.has_value(); }

    [[nodiscard]] bool may_send() const;
    [[nodiscard]] bool is_time_for_changes() const;
    [[nodiscard]] bool is_to_come(std::string const& name) const;

    Options options_;
    Owner& owner_;
    std::minstd_rand random_;

    State state_ = State::away;
    bool connected_ = false;
    bool left_ = false;
    std::uint64_t epoch_ = 0;
    wire::Duration heartbeat_ = std::chrono::seconds(1);
    wire::Endpoint told_;
    std::string trouble_;
    wire::Time wake_{};      ///< waiting: when to register; asked: when to ask again
    wire::Time spoke_{};     ///< last message to the tracker
    wire::Time answered_{};  ///< last progress of unanswered updates

    std::uint64_t said_ = 0;  ///< messages; each has a number
    /// Failures to messages up to this one come too late to mean anything: what they complain of
    /// has been put right since.
    std::uint64_t outdated_ = 0;
    std::uint64_t sequence_ = 0;            ///< of the last Update sent that counts
    std::deque<std::uint64_t> unanswered_;  ///< the messages' numbers of the last Updates
    std::optional<std::string> full_from_;  ///< full list under way: the name sent last
    bool full_begun_ = false;
    std::optional<wire::Time> held_;  ///< until then no list is sent, since one was refused
    std::map<std::string, std::optional<wire::FileEntry>> changes_;
};

}  // namespace xfsbus::swarm
