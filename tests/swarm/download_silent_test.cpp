// Sources that answer, say what they have, and deliver nothing.
#include "fetch.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;
using namespace xfsbus::swarm::test;

namespace {

constexpr std::uint32_t chunk_bytes = 256 * 1024;
constexpr double rate = 20e6;  ///< of the honest source

struct Scene {
    std::uint32_t chunks = 400;
    std::uint64_t silent = 0;   ///< so many sources, from number 1 on
    std::uint64_t fellows = 0;  ///< of these, that the tracker does not name: they come later
    std::uint64_t loaded = 0;   ///< of these, that say at times that they are busy
    std::uint32_t bytes = chunk_bytes;
    wire::Duration honest_delay = 2ms;  ///< how far the honest source is
};

/// One honest source and silent ones, which answer pings and say that they have all.
class Silence {
  public:
    explicit Silence(Scene const& scene)
        : scene_(scene),
          fetch_({std::uint64_t{scene.chunks} * scene.bytes, scene.bytes, scene.chunks}, {}) {}

    /// How long the download takes.
    wire::Duration run() {
        begin();
        auto const begun = fetch_.now;
        while (!fetch_.complete()) {
            REQUIRE_FALSE(fetch_.progress().failure);
            REQUIRE(fetch_.now - begun < 120s);
            step();
        }
        return fetch_.now - begun;
    }

    [[nodiscard]] Download::Progress progress() const { return fetch_.progress(); }

  private:
    static constexpr std::uint64_t honest = 100;

    void begin() {
        for (std::uint64_t number = 1; number + scene_.fellows <= scene_.silent; ++number) {
            fetch_.add(number);
        }
        fetch_.add(honest);
        fetch_.core.start(fetch_.now);
        fetch_.take();
        for (auto number = scene_.silent - scene_.fellows + 1; number <= scene_.silent; ++number) {
            fetch_.add(number, 0);
            fetch_.core.on_word(fetch_.now, source(number), have_of(ChunkSet::full(scene_.chunks)));
            fetch_.take();
        }
    }

    void step() {
        fetch_.now += 1ms;
        collect();
        while (!queue_.empty() && queue_.front().first <= fetch_.now) {
            auto const chunk = queue_.front().second;
            queue_.pop_front();
            if (fetch_.arrive(honest, chunk) == Download::Verdict::take) {
                fetch_.store(honest, chunk);
            }
            collect();
        }
        auto const deadline = fetch_.core.next_deadline();
        if (deadline && *deadline <= fetch_.now) {
            fetch_.pass(0s);
        }
    }

    /// What was asked of the honest one stands in its queue; the others answer pings.
    void collect() {
        auto const takes = std::chrono::duration_cast<wire::Duration>(
            std::chrono::duration<double>(scene_.bytes / rate));
        for (auto const chunk : fetch_.asked[honest]) {
            free_ = std::max(free_, fetch_.now + scene_.honest_delay) + takes;
            queue_.emplace_back(free_, chunk);
        }
        for (auto const number : std::exchange(fetch_.probed, {})) {
            bool const is_loaded = number <= scene_.loaded;
            auto const load = is_loaded && ++pongs_ % 2 == 1 ? ~std::uint32_t{0} : 0;
            fetch_.core.on_word(fetch_.now, source(number),
                                Download::Vitals{load, number == honest ? 2.0 : 1.0});
            fetch_.take();
        }
        fetch_.forget();
    }

    Scene scene_;
    Fetch fetch_;
    std::deque<std::pair<wire::Time, std::uint32_t>> queue_;
    wire::Time free_{};
    std::uint32_t pongs_ = 0;
};

}  // namespace

TEST_CASE("silent sources delay the end by no more than a second, however many they are") {
    auto const fellows = GENERATE(0, 1, 8);
    auto const loaded = GENERATE(0, 1, 8);
    auto const others = GENERATE(0, 1, 7);
    Scene scene;
    scene.silent = static_cast<std::uint64_t>(fellows + others);
    scene.fellows = static_cast<std::uint64_t>(fellows);
    scene.loaded = static_cast<std::uint64_t>(loaded);
    INFO(fellows << " fellows and " << others << " others, " << loaded << " of them busy");
    Silence silence(scene);
    auto const alone = Silence({}).run();
    auto const took = silence.run();
    CHECK(std::chrono::duration<double>(took - alone).count() <= 1.0);
    CHECK(silence.progress().bytes_duplicate == 0);
}

TEST_CASE("silent sources leave room for others where chunks are large") {
    Scene scene;
    scene.bytes = 4 * 1024 * 1024;
    scene.chunks = 25;
    auto const alone = Silence(scene).run();
    scene.silent = 8;
    auto const took = Silence(scene).run();
    CHECK(std::chrono::duration<double>(took - alone).count() <= 1.0);
}
