#pragma once

#include <xfsbus/peer/peer.hpp>

#include <string>
#include <vector>

namespace xfsbus::console {

/// Writes answers to stdout: for people and scripts, or one JSON object a line. Errors go to
/// stderr in plain mode. Text from the network is escaped.
class Printer {
  public:
    struct Options {
        bool json = false;
        bool terminal = false;  ///< stdout is one: headers and aligned columns
    };

    explicit Printer(Options options) : options_(options) {}

    [[nodiscard]] bool json() const { return options_.json; }

    void ready(peer::PeerStatus const& status, bool to_stdout) const;
    void update(peer::UpdateSummary const& summary) const;
    void load(std::string const& host, std::uint16_t port, std::uint32_t load) const;
    void sources(std::vector<peer::FoundSource> const& sources) const;
    void progress(peer::DownloadProgress const& progress) const;
    void downloaded(peer::DownloadReport const& report) const;
    void peers(std::vector<peer::KnownPeer> const& peers) const;
    void files(std::vector<peer::SharedFileInfo> const& files) const;
    void status(peer::PeerStatus const& status) const;
    void policy(peer::PolicyInfo const& policy) const;
    void help(std::string const& text) const;
    void error(std::string const& command, Error const& error) const;

  private:
    void text(std::string const& text) const;
    void downloaded(peer::DownloadedFile const& file) const;
    void table(std::vector<std::vector<std::string>> rows) const;

    Options options_;
};

}  // namespace xfsbus::console
