#include "traced.hpp"

#include "disks.hpp"

#include <sstream>
#include <stdexcept>

namespace xfsbus::test {
namespace {

namespace fs = std::filesystem;

constexpr auto calls =
    "openat,pwrite64,write,fallocate,ftruncate,lseek,utimensat,fdatasync,fsync,"
    "flock,rename,renameat,renameat2,unlinkat,mkdirat,linkat,fchmod";

/// Those in what `strace -y` has written: "123 call(4</path>, ...".
std::set<Site> sites_in(std::string const& log, fs::path const& below) {
    std::set<Site> sites;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        auto const name = line.find_first_not_of("0123456789 ");
        auto const open = line.find('(');
        auto const begin = line.find('<');
        auto const end = line.find('>');
        if (end == std::string::npos || open == std::string::npos || begin < open) {
            continue;
        }
        auto const path = line.substr(begin + 1, end - begin - 1);
        if (path.starts_with(below.string())) {
            sites.emplace(line.substr(name, open - name), path);
        }
    }
    return sites;
}

}  // namespace

Traced::Traced(fs::path log) : log_(std::move(log)), program_(program_file("strace")) {
    auto const failed = run_program("strace", {"-f", "-o", "/dev/null", "true"});
    problem_ = failed.empty() ? "" : "it cannot be traced: " + failed;
}

Ended Traced::run(Process::Options peer, Words words) const {
    words.insert(words.begin(), {"-f", "-y", "-o", log_.string()});
    words.emplace_back(XFS_PEER_PROGRAM);
    words.insert(words.end(), peer.arguments.begin(), peer.arguments.end());
    peer.arguments = std::move(words);
    peer.environment.emplace_back("LSAN_OPTIONS=detect_leaks=0");  // which would trace it itself
    return run_to_end(program_, std::move(peer));
}

std::set<Site> Traced::sites(Process::Options peer, fs::path const& below) const {
    auto const ended = run(std::move(peer), {"-e", std::string("trace=") + calls});
    if (ended.code != 0) {
        throw std::runtime_error("fails when it is traced: " + ended.err);
    }
    return sites_in(read_file(log_), below);
}

Ended Traced::killed_at(Process::Options peer, Site const& site, unsigned number) const {
    return run(std::move(peer),
               {"-P", site.second, "-e", "trace=" + site.first, "-e",
                "inject=" + site.first + ":signal=SIGKILL:when=" + std::to_string(number)});
}

}  // namespace xfsbus::test
