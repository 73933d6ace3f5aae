#pragma once

#include "jobs/candidate.hpp"
#include "jobs/network.hpp"
#include "telemetry/log.hpp"

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs {

/// What NAME@ID asks for.
struct Version {
    std::string name;
    std::string id;  ///< hex digits that the content id begins with
};

/// Splits NAME@ID; nullopt if the text after the last '@' is no beginning of a content id.
std::optional<Version> parse_version(std::string const& query);

/// Who has what, and how they are. Reactor thread.
class Finder {
  public:
    using OnFiles = std::function<void(Result<std::vector<wire::FoundFile>>)>;
    /// How the peers are that answered, by where they listen.
    using Probed = std::map<wire::Endpoint, net::Link::Vitals>;
    /// Those that cannot be connected to, so that nobody can be there; others were just silent.
    using Gone = std::map<wire::Endpoint, std::string>;
    /// How much a source has of a content, in ppm, by its own word; of what is not here it said
    /// nothing.
    using Held = std::map<std::pair<wire::Endpoint, wire::ContentId>, std::uint32_t>;
    using OnProbed = std::function<void(Probed, Gone, Held)>;
    using OnEach = std::function<void(wire::SourceEntry const&, Result<Candidate>)>;

    Finder(Network const& network, telemetry::Log const& log);
    /// on_probed and on_done are not called any more.
    ~Finder();
    Finder(Finder const&) = delete;
    Finder& operator=(Finder const&) = delete;

    static Error nobody(std::string const& query);

    /// So many sources of each file are wanted, if it has so many; nullopt: all of them.
    using Most = std::optional<std::uint32_t>;

    /// A name, NAME@ID, @ID, or a pattern; in this order, so that a file whose name looks like a
    /// pattern can be asked for. Errc::not_found if nobody has such a file.
    void find(std::string const& query, Most most, OnFiles on_files);

    /// Asks the other peers that these files name for their latency and load, and whether they have
    /// what they are named for, this peer included. Those that it had no time to ask count as
    /// silent.
    void probe(std::vector<wire::FoundFile> const& files, OnProbed on_probed);
    /// The same, telling of each as it answers or does not, until `enough` sources of each file
    /// have answered, or have had thrice the time that it took until each file had one; then calls
    /// on_done, and goes on telling of those that are late. Those that `known` holds have answered
    /// before.
    void probe_each(std::vector<wire::FoundFile> const& files, std::size_t enough,
                    std::vector<wire::Endpoint> const& known, OnEach on_each,
                    std::function<void()> on_done);

    /// Before the end: each question ends with what is known.
    void abandon();

  private:
    struct Round;

    [[nodiscard]] std::shared_ptr<Round> plan(std::vector<wire::FoundFile> const& files,
                                              std::size_t enough) const;
    void begin(std::shared_ptr<Round> const& round);
    void ask_some(std::shared_ptr<Round> const& round);
    void wait_for_room(std::shared_ptr<Round> const& round, wire::Endpoint const& source);
    void ask_one(std::shared_ptr<Round> const& round, wire::SourceEntry const& source);
    void look_here(std::shared_ptr<Round> const& round);
    void ask_contents(std::shared_ptr<Round> const& round, std::shared_ptr<net::Link> const& link,
                      wire::Time until);
    void on_answer(std::shared_ptr<Round> const& round, wire::SourceEntry const& source,
                   std::shared_ptr<net::Link> const& link, Result<net::Link::Vitals> const& vitals);
    void hurry(std::shared_ptr<Round> const& round);
    void finish(std::shared_ptr<Round> const& round);
    void find_version(std::string const& query, Most most, OnFiles on_files);
    void look_below(std::string const& query, OnFiles const& on_files);
    void find_pattern(std::string const& query, Most most, OnFiles on_files);

    Network const& network_;
    telemetry::Log const& log_;
    std::set<std::shared_ptr<Round>> rounds_;
};

}  // namespace xfsbus::peer::jobs
