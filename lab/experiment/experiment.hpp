#pragma once

#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::lab::platform {
class Platform;
}

namespace xfsbus::lab::experiment {

/// What an experiment may be at most: a file may come from anywhere.
namespace limits {
inline constexpr std::size_t file_bytes = 1024 * 1024;
inline constexpr std::uint32_t peers = 100'000;
inline constexpr std::size_t groups = 256;
inline constexpr std::size_t policies = 256;  ///< with every combination of parameters
inline constexpr std::size_t seeds = 1000;
inline constexpr std::size_t text = 256;          ///< bytes of a name, a label, a specification
inline constexpr std::uint64_t rows = 5'000'000;  ///< peers x policies x seeds
inline constexpr std::uint64_t content_bytes = 1ULL << 40U;
inline constexpr std::uint32_t chunks = 1U << 20U;
inline constexpr std::uint64_t rate_least = 1024;              ///< bytes per second
inline constexpr std::uint64_t rate_most = 1'000'000'000'000;  ///< bytes per second
inline constexpr std::uint32_t racks = 10'000;
inline constexpr std::uint32_t others = 10'000;
inline constexpr std::uint32_t places = 512;
inline constexpr std::uint32_t live_peers = 250;  ///< real programs, on one machine
inline constexpr std::uint32_t live_places = 256;
inline constexpr double sigma = 3;
inline constexpr double per_second = 1e6;
inline constexpr std::size_t pairs_peers = 1024;  ///< of whom each two are looked at
inline constexpr double latency_ms = 30'000;      ///< of a message, one way, in a matrix
inline constexpr std::size_t latency_file_bytes = 32UL * 1024 * 1024;
}  // namespace limits

/// Where an experiment is run.
enum class Where : std::uint8_t {
    sim,    ///< in the simulator, in virtual time
    live,   ///< by real programs on this machine, which limit their rates themselves
    netns,  ///< the same, each in a network of its own with links of these rates
};

/// "sim".
constexpr std::string_view name_of(Where where) {
    return where == Where::sim ? "sim" : where == Where::live ? "live" : "netns";
}

/// The speeds of the links of a group, in bytes per second.
struct Rates {
    enum class Kind : std::uint8_t {
        constant,   ///< values[0]
        list,       ///< values, one for each peer in turn, from the beginning again
        uniform,    ///< between values[0] and values[1]
        lognormal,  ///< values[0] is the median
    };
    Kind kind = Kind::constant;
    std::vector<std::uint64_t> values{};
    double sigma = 0;  ///< of the logarithm; lognormal only

    friend bool operator==(Rates const&, Rates const&) = default;
};

enum class Role : std::uint8_t {
    seed,  ///< has the file from the start
    sink,  ///< fetches it
};

enum class Conduct : std::uint8_t {
    honest,
    lies,    ///< what it sends is corrupt
    stalls,  ///< offers what it has, and sends nothing
};

/// Peers of one kind.
struct Group {
    std::string name{};
    std::uint32_t count = 1;
    Rates up{};
    Rates down{};
    std::string labels{};                   ///< as they describe themselves, "key=value,..."
    std::vector<std::uint32_t> rack = {0};  ///< where they stand, one for each in turn
    Role role = Role::sink;
    Conduct conduct = Conduct::honest;
    bool serves = true;                       ///< what it has; else nobody hears of it
    wire::Duration far{};                     ///< one way, from the middle of the network
    std::uint32_t others = 0;                 ///< that each serves beside the swarm's
    std::string select{};                     ///< a plug-in with parameters; empty: that of the run
    std::vector<std::string> addresses{};     ///< as a latency file calls them, one for each
    std::vector<std::string> hosts{};         ///< of a platform, one for each; empty: the next ones
    std::optional<wire::Duration> arrives{};  ///< all at once; else as Arrivals says
};

struct Network {
    /// Of a message, one way; where latencies or a placement say it of two peers, of those to and
    /// from the tracker alone.
    wire::Duration latency = std::chrono::milliseconds(1);
    std::uint64_t rack_link = 0;  ///< bytes per second out of each rack, and into it; 0: no limit
    std::uint64_t core_link = 0;  ///< of all racks together; 0: no limit
};

/// How long a message takes from one to another, one way, where that is said of each two.
struct Latencies {
    enum class Between : std::uint8_t {
        nobody,  ///< it is not said
        groups,  ///< in the order of the file
        racks,   ///< those that there are, in ascending order
        peers,   ///< in the order of the groups
    };
    Between between = Between::nobody;
    std::size_t rows = 0;
    std::vector<wire::Duration> one_way{};  ///< row by row: from that of the row
    std::vector<std::uint32_t> racks{};     ///< of the rows, if they are racks
};

/// Where the peers stand on a platform, and what follows from it.
struct Placement {
    std::shared_ptr<platform::Platform const> platform{};
    std::string hash{};                  ///< SHA-256 of the file, in hex
    std::vector<std::uint32_t> hosts{};  ///< of the peers, as the platform numbers them
    /// Bytes per second that a peer cannot exceed: the slowest of the links that all its paths have
    /// in common.
    std::vector<std::uint64_t> up{};
    std::vector<std::uint64_t> down{};
};

struct Content {
    std::uint64_t bytes = 0;
    std::uint32_t chunk_bytes = 0;
};

/// When sinks come that have no time of their own.
struct Arrivals {
    enum class Kind : std::uint8_t {
        flash,    ///< all at `first`
        poisson,  ///< so many a second, from `first` on
        trace,    ///< at these times, in turn; there is one for each
    };
    Kind kind = Kind::flash;
    wire::Duration first{};
    double per_second = 0;
    std::vector<wire::Duration> times{};
};

struct Churn {
    double leave = 0;  ///< the share of sinks that leave when they have the file, 0 to 1
    double crash = 0;  ///< of each sink, a second
};

/// How all peers fetch.
struct Fetching {
    std::optional<std::uint32_t> places{};  ///< sources used at once; else the product's
};

/// A row of the comparison. Each is FILE[:key=value,...]; empty: the product's.
struct Policy {
    std::string name{};
    std::vector<std::pair<std::string, std::string>> parameters{};  ///< of the grid, in its order
    std::string select{};                                           ///< with the parameters
    std::string chunk_order{};
    std::string upload_choice{};
    std::string handout{};
};

struct Experiment {
    std::string name{};
    std::vector<Group> groups{};
    Network network{};
    Latencies latencies{};
    std::shared_ptr<Placement const> placement{};  ///< null: links are those of peers and racks
    Content content{};
    Arrivals arrivals{};
    Churn churn{};
    Fetching fetching{};
    std::vector<Policy> policies{};
    std::vector<std::uint64_t> seeds{};
    wire::Duration stop =
        std::chrono::hours(1);  ///< a run ends then at the latest, in its own time
};

/// "key=value,key=value": the parameters of the grid that this row has.
std::string parameters_text(Policy const& policy);

/// SHA-256, in hex, of everything but name, policies and seeds: what two results must have in
/// common to be compared.
std::string situation_hash(Experiment const& experiment);

}  // namespace xfsbus::lab::experiment
