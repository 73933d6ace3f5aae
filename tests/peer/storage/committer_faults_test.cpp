// Two files that are made to survive a power cut together, while a call on the disk fails.
#include "disk_fixture.hpp"
#include "faults.hpp"
#include "storage/committer.hpp"
#include "threads/crew.hpp"

#include <array>
#include <cerrno>
#include <future>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::storage;
using namespace xfsbus::peer::storage::test;
using xfsbus::test::disk_errors;
using xfsbus::test::FaultAt;

namespace {

using Outcome = Result<swarm::IndexedFile>;

constexpr std::array committed_names{"a/one", "b/two"};

Sample const& committed_content(std::size_t which) {
    static std::array const both{sample(1000, 1), sample(1000, 2)};
    return both[which];
}

class TwoCommits {
  public:
    TwoCommits() {
        for (auto const* const directory : {"a", "b"}) {
            fs::create_directories(disk_.root / directory);
        }
    }

    /// Both wait for the committer before it begins, so that it takes them together. With the call
    /// that was hit; empty: there were fewer.
    std::pair<std::array<Outcome, 2>, std::string> end_both(std::size_t number,
                                                            files::Fault fault) {
        std::array<std::promise<Outcome>, 2> ended;  // outlive the thread that keeps them
        std::promise<void> begin;
        threads::Crew crew(1, "commit");
        Committer committer(crew, [](std::exception_ptr const&) {});
        threads::WorkerPool held(crew, 1, [](std::exception_ptr const&) {});
        held.submit([&] { begin.get_future().wait(); });
        for (std::size_t i = 0; i < ended.size(); ++i) {
            committer.submit(part(i), [&, i](Outcome outcome) { ended[i].set_value(outcome); });
        }
        FaultAt const faults(number, fault);
        begin.set_value();
        std::array<Outcome, 2> outcomes{ended[0].get_future().get(), ended[1].get_future().get()};
        return {std::move(outcomes), faults.hit()};
    }

    [[nodiscard]] std::string text(std::size_t which) const {
        auto const path = disk_.root / committed_names[which];
        return fs::exists(path) ? read(path) : std::string();
    }

    /// Alone.
    Outcome fetch(std::size_t which) {
        PartFile part(target(which));
        auto const present = part.look(never);
        if (!present || *present == PartFile::Present::same) {
            return present ? Outcome(swarm::IndexedFile{}) : present.error();
        }
        if (auto const opened = part.open(never); !opened) {
            return opened.error();
        }
        auto const stored = part.store(0, committed_content(which).chunk(0));
        return stored ? part.finish() : stored.error();
    }

    [[nodiscard]] bool is_clean() const { return disk_.temporaries().empty(); }

  private:
    [[nodiscard]] PartFile::Target target(std::size_t which) const {
        auto target = disk_.target(committed_content(which), committed_names[which], false);
        target.durability = Durability::power;
        return target;
    }

    [[nodiscard]] std::shared_ptr<PartFile> part(std::size_t which) const {
        auto part = std::make_shared<PartFile>(target(which));
        REQUIRE(part->open(never));
        REQUIRE(part->store(0, committed_content(which).chunk(0)));
        return part;
    }

    TempDisk disk_;
};

bool try_fault(std::size_t number, files::Fault const& fault) {
    TwoCommits world;
    auto const [outcomes, hit] = world.end_both(number, fault);
    CAPTURE(number, hit, fault.error, fault.bytes_most);
    CHECK((outcomes[0].ok() || outcomes[1].ok()));
    CHECK(((outcomes[0].ok() && outcomes[1].ok()) || (!hit.empty() && fault.error != EINTR)));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        CHECK((!outcomes[i].ok() || world.text(i) == committed_content(i).bytes));
        CHECK((outcomes[i].ok() || outcomes[i].error().code == Errc::disk));
        CHECK(world.fetch(i).ok());
        CHECK(world.text(i) == committed_content(i).bytes);
    }
    CHECK(world.is_clean());
    return !hit.empty();
}

}  // namespace

TEST_CASE("Any call fails while two files are committed together: only its own file fails") {
    files::Fault const fault{GENERATE(from_range(disk_errors))};
    std::size_t calls = 0;
    while (try_fault(calls, fault)) {
        ++calls;
    }
    CHECK(calls >= 10);
}
