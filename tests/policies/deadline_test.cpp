// Calls into a plug-in that are made on a thread of their own.
#include "catch.hpp"

#include <deadline.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace xfsbus::policies;

namespace {

/// Says when it has ended, which takes so long that another thread gets on meanwhile.
class EndsSlowly {
  public:
    explicit EndsSlowly(std::atomic<bool>& ended) : ended_(ended) {}

    ~EndsSlowly() {
        for (int i = 0; i < 1000; ++i) {
            std::this_thread::yield();
        }
        ended_ = true;
    }

    EndsSlowly(EndsSlowly const&) = delete;
    EndsSlowly& operator=(EndsSlowly const&) = delete;

  private:
    std::atomic<bool>& ended_;
};

}  // namespace

TEST_CASE("What a call into a plug-in owns has ended when its answer is here") {
    for (int round = 0; round < 20; ++round) {
        std::atomic<bool> ended = false;
        CHECK(in_time("libmine.so",
                      [owned = std::make_shared<EndsSlowly>(ended)] { return owned != nullptr; }));
        REQUIRE(ended);
    }
}

TEST_CASE("What a call into a plug-in owns has ended when what it throws is here") {
    std::atomic<bool> ended = false;
    CHECK_THROWS_AS(in_time("libmine.so",
                            [owned = std::make_shared<EndsSlowly>(ended)]() -> bool {
                                throw std::runtime_error(owned ? "no" : "");
                            }),
                    std::runtime_error);
    CHECK(ended);
}
