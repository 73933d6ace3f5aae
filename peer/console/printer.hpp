#pragma once

#include "policy_text.hpp"
#include "table.hpp"

#include <xfsbus/peer/peer.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace xfsbus::console {

struct JobRow;

/// Writes answers: for people and scripts, or one JSON object a line. Errors go to another stream
/// in plain mode. Text from the network is escaped.
class Printer {
  public:
    struct Options {
        bool json = false;
        bool terminal = false;  ///< `out` is one: headers and aligned columns
        /// What is written is about this job, which goes on beside others: JSON says so.
        std::optional<unsigned> job = {};
    };

    /// `out` and `err` must outlive it.
    Printer(Options options, std::ostream& out, std::ostream& err)
        : options_(options), out_(out), err_(err) {}

    [[nodiscard]] bool json() const { return options_.json; }

    /// False once something could not be written to `out`: there is no point in going on.
    [[nodiscard]] bool good() const { return out_.good(); }

    /// The same, about this job.
    [[nodiscard]] Printer of_job(unsigned number) const;

    void ready(peer::PeerStatus const& status, bool to_out) const;
    void update(peer::UpdateSummary const& summary) const;
    void load(std::string const& host, std::uint16_t port, std::uint32_t load) const;
    void sources(std::vector<peer::FoundSource> const& sources) const;
    /// In JSON only: people see it drawn.
    void progress(peer::DownloadProgress const& progress) const;
    void progress(peer::PushProgress const& progress) const;
    void downloaded(peer::DownloadReport const& report) const;
    void pushed(peer::PushResult const& result, peer::PushRequest const& request) const;
    void jobs(std::vector<JobRow> const& jobs) const;
    void peers(std::vector<peer::KnownPeer> const& peers) const;
    void files(std::vector<peer::SharedFileInfo> const& files) const;
    void list(std::vector<peer::ListedFile> const& files) const;
    void change(peer::ListingChanged const& change) const;
    void status(peer::PeerStatus const& status) const;
    void policy(PoliciesInForce const& policies) const;
    void help(std::string const& text) const;
    /// Of a file, as they are.
    void bytes(std::span<std::byte const> bytes) const;
    /// To people, about what goes on.
    void note(std::string const& text) const;
    void error(std::string const& command, Error const& error) const;

  private:
    void write_one(nlohmann::ordered_json object) const;
    void write(nlohmann::ordered_json object) const;
    void text(std::string const& text) const;
    void downloaded(peer::DownloadedFile const& file) const;
    void summary(peer::DownloadReport const& report) const;
    void table(std::vector<std::string> header, Rows rows) const;

    Options options_;
    std::ostream& out_;
    std::ostream& err_;
};

}  // namespace xfsbus::console
