// Fetches files, and asks rather those sources that have served this program well before: a policy
// of the program's own, whose objects share what they learn.
//
//     own_policy TRACKER NAME DIRECTORY        NAME may be a pattern
#include <xfsbus/peer/peer.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>

namespace {

using namespace xfsbus;

/// Bytes that each source has delivered; several downloads may ask and note at once.
class Deliveries {
  public:
    void note(std::string const& source, std::uint64_t bytes) {
        std::scoped_lock const lock(mutex_);
        bytes_[source] += bytes;
    }

    std::uint64_t of(std::string const& source) {
        std::scoped_lock const lock(mutex_);
        return bytes_[source];
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::uint64_t> bytes_;
};

class Grateful final : public policies::PeerSelector {
  public:
    explicit Grateful(std::shared_ptr<Deliveries> known) : known_(std::move(known)) {}

    std::optional<std::size_t> pick(policies::RequestView const&,
                                    std::span<policies::SourceView const> sources,
                                    policies::Rng&) override {
        auto const earned = [this](auto const& source) { return known_->of(source.endpoint); };
        return std::ranges::max_element(sources, {}, earned) - sources.begin();
    }

    void observe(policies::SourceView const& source,
                 policies::OutcomeView const& outcome) override {
        known_->note(source.endpoint,
                     outcome.reason == XFSBUS_OUTCOME_DELIVERED ? outcome.bytes : 0);
    }

  private:
    std::shared_ptr<Deliveries> known_;
};

int complain(std::string const& why) {
    std::cerr << "own_policy: " << why << "\n";
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return complain("usage: own_policy TRACKER NAME DIRECTORY");
    }
    auto const known = std::make_shared<Deliveries>();
    peer::PeerOptions options;
    options.tracker = argv[1];
    options.download_directory = argv[3];
    options.own_policies.selection = {"grateful",
                                      [known] { return std::make_unique<Grateful>(known); }};
    auto started = peer::Peer::start(std::move(options));
    if (!started) {
        return complain(started.error().message);
    }
    auto& self = **started;
    auto const ready = self.wait_for_tracker(std::chrono::seconds(10));
    peer::DownloadRequest request;
    request.name = argv[2];
    auto const report = ready ? self.download(request) : ready.error();
    if (!report || report->files.front().error) {
        return complain(report ? report->files.front().error->message : report.error().message);
    }
    auto const policy = self.policy().value();
    std::cout << policy.name << " has decided " << policy.picks << " times\n";
}
