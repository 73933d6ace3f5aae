// A test of code of one's own that uses a peer, here load_weights(): with a swarm within the test.
// It needs no testing framework, and no tracker beside it.
#include <xfsbus/testing.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

namespace {

using namespace xfsbus;

/// What is to be tested: the weights of this name, from whoever has them; nullopt: nobody has.
std::optional<std::string> load_weights(peer::Peer& self, std::filesystem::path const& directory,
                                        std::string const& name) {
    peer::DownloadRequest request;
    request.name = name;
    auto const report = self.download(request, {}, std::chrono::seconds(20));
    if (!report || report->files.front().error) {
        return std::nullopt;
    }
    std::ifstream file(directory / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

int failures = 0;

void check(bool good, char const* what) {
    std::cout << (good ? "good: " : "BAD: ") << what << "\n";
    failures += good ? 0 : 1;
}

}  // namespace

int main() {
    testing::Swarm swarm(3);
    swarm.share(0, "weights.bin", "0.5 0.25");
    check(load_weights(swarm.peer(1), swarm.directory(1), "weights.bin") == "0.5 0.25",
          "weights come from a peer that has them");
    swarm.stop(0);
    check(load_weights(swarm.peer(2), swarm.directory(2), "weights.bin") == "0.5 0.25",
          "and from one that has fetched them, when the first is gone");
    check(!load_weights(swarm.peer(2), swarm.directory(2), "nothing.bin"),
          "what nobody has is not there");
    return failures;
}
