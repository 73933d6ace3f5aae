#include "hosts.hpp"

#include <stdexcept>

#include <unistd.h>

namespace xfsbus::test {
namespace {

std::string text_of(std::vector<std::string> const& words) {
    std::string text;
    for (auto const& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

/// What `ip` complains of; empty: nothing.
std::string complaint(std::vector<std::string> const& words) {
    Process process("/usr/sbin/ip", {.arguments = words, .environment = {}, .home = "/"});
    process.close_input();
    return process.wait() == 0 ? std::string() : text_of(words) + ": " + process.err();
}

}  // namespace

Hosts::Hosts(unsigned count) : count_(count), prefix_("xfs" + std::to_string(::getpid())) {
    if (::access("/usr/sbin/ip", X_OK) != 0) {
        problem_ = "there is no /usr/sbin/ip";
        return;
    }
    bool good = run({"netns", "add", name(0)}) &&
                run({"-n", name(0), "link", "add", "switch", "type", "bridge"}) &&
                run({"-n", name(0), "link", "set", "switch", "up"});
    for (unsigned host = 1; good && host <= count; ++host) {
        auto const port = "port" + std::to_string(host);
        good = run({"netns", "add", name(host)}) &&
               run({"-n", name(host), "link", "add", "eth0", "type", "veth", "peer", "name", port,
                    "netns", name(0)}) &&
               run({"-n", name(0), "link", "set", port, "master", "switch", "up"}) &&
               run({"-n", name(host), "link", "set", "lo", "up"}) &&
               run({"-n", name(host), "address", "add", address(host) + "/24", "dev", "eth0"}) &&
               run({"-n", name(host), "address", "add", address6(host) + "/64", "dev", "eth0",
                    "nodad"}) &&
               run({"-n", name(host), "link", "set", "eth0", "up"});
    }
}

Hosts::~Hosts() {
    for (unsigned host = 0; host <= count_; ++host) {
        try {
            static_cast<void>(complaint({"netns", "delete", name(host)}));
        } catch (std::exception const&) {
            continue;  // the next run of the machine is free of it
        }
    }
}

std::string Hosts::name(unsigned host) const {
    return prefix_ + "-" + std::to_string(host);
}

bool Hosts::run(std::vector<std::string> const& words) {
    problem_ = complaint(words);
    return problem_.empty();
}

void Hosts::ip(unsigned host, std::vector<std::string> const& words) const {
    auto all = words;
    all.insert(all.begin(), {"-n", name(host)});
    if (auto const problem = complaint(all); !problem.empty()) {
        throw std::runtime_error(problem);
    }
}

void Hosts::close_port(unsigned host, std::uint16_t port) const {
    // Before the table of local addresses, which stands at 0 and is moved behind it.
    for (auto const* const family : {"-4", "-6"}) {
        ip(host, {family, "rule", "add", "pref", "10", "lookup", "local"});
        ip(host, {family, "rule", "delete", "pref", "0"});
        ip(host, {family, "rule", "add", "pref", "5", "ipproto", "tcp", "dport",
                  std::to_string(port), "blackhole"});
    }
}

std::unique_ptr<Process> Hosts::start(unsigned host, std::string const& program,
                                      std::vector<std::string> const& words,
                                      std::filesystem::path const& home) const {
    std::filesystem::create_directories(home);
    std::vector<std::string> all{"--net=/var/run/netns/" + name(host), program};
    all.insert(all.end(), words.begin(), words.end());
    return std::make_unique<Process>(
        "/usr/bin/nsenter", Process::Options{.arguments = all, .environment = {}, .home = home});
}

}  // namespace xfsbus::test
