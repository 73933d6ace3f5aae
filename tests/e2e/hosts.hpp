#pragma once

#include "process.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::test {

/// Machines with network stacks of their own (network namespaces), joined by one switch: machine n,
/// counted from 1, is 192.168.1.(n + 1), as in the README, and fd77::n. Only root may make them:
/// where it is not allowed there is a problem instead. They are gone at the end of the scope.
class Hosts {
  public:
    explicit Hosts(unsigned count);
    ~Hosts();
    Hosts(Hosts const&) = delete;
    Hosts& operator=(Hosts const&) = delete;

    /// Empty where the machines are there.
    [[nodiscard]] std::string const& problem() const { return problem_; }

    [[nodiscard]] static std::string address(unsigned host) {
        return "192.168.1." + std::to_string(host + 1);
    }

    [[nodiscard]] static std::string address6(unsigned host) {
        return "fd77::" + std::to_string(host);
    }

    /// Runs there `ip` with these words; throws if it fails.
    void ip(unsigned host, std::vector<std::string> const& words) const;

    /// What comes in at this TCP port is dropped without a word, as firewalls do.
    void close_port(unsigned host, std::uint16_t port) const;

    /// A program on that machine, with a home of its own below `path`.
    [[nodiscard]] std::unique_ptr<Process> start(unsigned host, std::string const& program,
                                                 std::vector<std::string> const& words,
                                                 std::filesystem::path const& home) const;

  private:
    [[nodiscard]] std::string name(unsigned host) const;
    bool run(std::vector<std::string> const& words);

    unsigned count_;
    std::string prefix_;
    std::string problem_;
};

}  // namespace xfsbus::test
