#pragma once

#include "exit_codes.hpp"
#include "live_area.hpp"
#include "printer.hpp"
#include "push_view.hpp"

#include <xfsbus/peer/peer.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace xfsbus::console {

struct JobRow;

/// A download or a push that the peer has begun.
struct Started {
    std::string command;  ///< as it was typed
    std::variant<peer::DownloadJob, peer::PushJob> job;
    peer::PushRequest push = {};  ///< what was asked for, of a push
};

/// The jobs of the shell: the one in front, which a command waits for, and those that go on beside
/// the prompt. Tells how they stand and how they end. Main thread.
class Jobs {
  public:
    struct Options {
        bool show_progress = false;  ///< stderr is a terminal
        bool json = false;
    };

    Jobs(peer::EventQueue events, Printer const& printer, LiveArea& area, Options options)
        : events_(std::move(events)), printer_(printer), area_(area), options_(options) {}

    /// Waits for it, in front; its exit code. `stop` cancels it.
    int run(Started started, std::stop_token const& stop);
    /// Gives it a number, says so, and lets it go on.
    void begin(Started started);

    struct OnChange {
        std::function<void(peer::ListingChanged const&)> of_file;
        std::function<void(peer::PeerChanged const&)> of_peer;
    };

    /// Takes what a subscription tells until it has ended, which `stop` has it do; what it comes
    /// to.
    Result<std::vector<peer::ListedFile>> follow(peer::SubscribeJob const& subscription,
                                                 OnChange const& on_change,
                                                 std::stop_token const& stop);

    /// Those that go on beside the prompt.
    void list();
    /// Waits for it, or for all; the exit code, or the first that is not 0. Each code is given out
    /// once. nullopt: there is no job of this number. `stop` ends the waiting.
    std::optional<int> wait(std::optional<unsigned> number, std::stop_token const& stop);
    /// Waits until it has ended. False: no job of this number goes on.
    bool cancel(unsigned number);
    void cancel_all();

    /// Tells what has happened meanwhile.
    void look();

    /// Can be read when there is something to look at.
    [[nodiscard]] int descriptor() const { return events_.descriptor(); }

    /// How many go on beside the prompt. Any thread.
    [[nodiscard]] std::size_t running() const { return running_; }

  private:
    struct Job {
        Started started;
        unsigned number = 0;  ///< 0: it is in front
        bool cancelled = false;
        std::variant<peer::DownloadProgress, peer::PushProgress> progress = {};
        PushView view = {};
        Pace pace;
    };

    [[nodiscard]] Printer printer_of(Job const& job) const;
    [[nodiscard]] static peer::AnyJob const& handle_of(Job const& job);
    [[nodiscard]] JobRow row_of(Job const& job, std::string_view state) const;
    [[nodiscard]] Job* numbered(unsigned number);
    Job& add(Started started, unsigned number);
    void cancel(Job& job);
    bool await(std::stop_token const& stop);
    void settle();

    void on_event(peer::Event const& event);
    void on_progress(Job& job);
    void on_done(Job const& job, peer::JobOutcome const& outcome);
    int tell(Job const& job, Result<peer::DownloadReport> const& report) const;
    int tell(Job const& job, Result<peer::PushResult> const& result) const;
    int fail(Job const& job, Error const& error) const;
    void draw(Job& job);

    peer::EventQueue events_;
    Printer const& printer_;
    LiveArea& area_;
    Options options_;
    std::map<peer::JobId, Job> jobs_;
    ExitCodes codes_;
    int code_in_front_ = 0;
    unsigned last_number_ = 0;
    std::optional<peer::JobId> watched_;  ///< its progress is drawn
    std::atomic<std::size_t> running_ = 0;
};

}  // namespace xfsbus::console
