#include <xfsbus/policies/export.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace xfsbus::policies;

std::atomic<bool> fails = false;

/// Counts the objects of its peer. Leaves a word when it ends, in the file that XFS_TEST_MARK named
/// when it began: the thread that loaded it may hold it until another test has begun.
struct State {
    std::atomic<int> objects = 0;

    State() {
        if (fails) {
            throw std::runtime_error("not today");
        }
    }

    State(State const&) = delete;
    State& operator=(State const&) = delete;

    ~State() { std::ofstream(mark_, std::ios::app) << "destroyed\n"; }

  private:
    static std::string mark() {
        char const* const mark = std::getenv("XFS_TEST_MARK");
        return mark != nullptr ? mark : "/dev/null";
    }

    std::string mark_ = mark();
};

/// Says in two lines which object it is.
class Stateful final : public PeerSelector {
  public:
    Stateful(Parameters const& parameters, Services const& services) {
        fails = parameters.text("fails") == "yes";
        auto const number = ++services.shared<State>().objects;
        services.log("object\n" + std::to_string(number));
    }

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        return 0;
    }
};

}  // namespace

XFSBUS_EXPORT_PEER_SELECTOR(Stateful, "stateful", "0.1", "remembers from object to object",
                            XFSBUS_PARAMETER("fails", "no", "whether there can be no state"))
