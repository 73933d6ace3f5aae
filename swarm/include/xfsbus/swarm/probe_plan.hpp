#pragma once

#include <xfsbus/wire/endpoint.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace xfsbus::swarm {

/// Whom to ask how they are, of the sources of several files: at most so many at a time, each
/// once, and for each file until enough of its sources have answered. A core.
class ProbePlan {
  public:
    /// Each costs a connection.
    static constexpr std::size_t at_once_most = 64;
    /// Sources of one file: the rest of them is left aside, so that thousands that are not there
    /// hold nobody for minutes.
    static constexpr std::size_t of_a_file_most = 4096;

    /// Asks until `enough` sources of each file have answered.
    explicit ProbePlan(std::size_t enough) : enough_(enough) {}

    void add_file(std::vector<wire::Endpoint> const& sources);

    /// This one has answered before, and need not be asked.
    void known(wire::Endpoint const& source) { on_result(source, true); }

    /// Whom to ask now; nullopt if nobody, for now at least. Call on_result for each.
    std::optional<wire::Endpoint> next();
    void on_result(wire::Endpoint const& source, bool answered);

    /// No connection may be opened to this one, which `next` gave out, for now: it is to be asked
    /// later. Nobody else is asked until there may be room.
    void on_no_room(wire::Endpoint const& source);

    /// There may be room again. So there is after each on_result and on_closed.
    void on_room() { full_ = false; }

    /// A connection that failed takes its place until on_closed.
    void on_closing() { ++closing_; }

    void on_closed() {
        --closing_;
        full_ = false;
    }

    /// Nobody new is asked any more.
    void stop() { stopped_ = true; }

    /// Those that are being asked.
    [[nodiscard]] std::size_t waiting() const { return waiting_; }

    /// A source of each file has answered; of those whose sources are all silent none will.
    [[nodiscard]] bool all_have_one() const;

    /// Nobody is being asked, and nobody will be. Also if there is no room for more and nothing
    /// that would make some, once each file has somebody.
    [[nodiscard]] bool over();

  private:
    enum class State { unasked, asked, answered, silent };

    struct Source {
        wire::Endpoint endpoint;
        State state = State::unasked;
        std::vector<std::size_t> files{};  ///< that it is a source of
    };

    struct File {
        std::vector<std::size_t> sources;
        std::size_t next = 0;      ///< those before are not unasked
        std::size_t promises = 0;  ///< sources that have answered, or may
        std::size_t answered = 0;  ///< of these
        bool in_turn = false;
    };

    [[nodiscard]] bool needs_more(File& file) const;
    void take_turn(std::size_t file);
    void set(Source& source, State state);

    std::size_t enough_;
    std::vector<Source> sources_;
    std::map<wire::Endpoint, std::size_t> numbers_;  ///< of the sources
    std::vector<File> files_;
    std::deque<std::size_t> turns_;  ///< the files that may need more
    std::size_t waiting_ = 0;
    std::size_t closing_ = 0;
    bool full_ = false;
    bool stopped_ = false;
};

}  // namespace xfsbus::swarm
