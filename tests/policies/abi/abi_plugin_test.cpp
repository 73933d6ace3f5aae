// What a plug-in of ABI 2 does, whatever language it is written in: XFS_TEST_PLUGIN names its file.
#include "catch.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <dlfcn.h>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

std::string plugin_file() {
    char const* const file = std::getenv("XFS_TEST_PLUGIN");
    REQUIRE(file != nullptr);
    return file;
}

std::vector<SourceView> with_loads(std::vector<std::uint32_t> const& loads) {
    std::vector<SourceView> sources(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
        sources[i].endpoint = "192.0.2.1:7000";
        sources[i].labels = "";
        sources[i].load = loads[i];
    }
    return sources;
}

RequestView request(std::uint32_t purpose = XFSBUS_PURPOSE_REQUEST) {
    RequestView request{};
    request.purpose = purpose;
    request.bytes = 100;
    return request;
}

/// The plug-in in a host that writes down what it says.
struct Loaded {
    std::vector<std::string> lines;
    std::shared_ptr<PolicyHost> host;
    std::shared_ptr<SelectorFactory const> factory;

    explicit Loaded(std::string const& parameters = "") {
        PolicyHost::Options options;
        options.log = [this](std::string_view plugin, std::string_view line) {
            lines.push_back(std::string(plugin) + ": " + std::string(line));
        };
        options.clock = [] { return std::chrono::microseconds(123'456); };
        options.labels = "rack=7,disk=ssd";
        host = std::make_shared<PolicyHost>(std::move(options));
        factory =
            load_peer_selector(parse_plugin_spec(plugin_file() + parameters), PluginPath({}), host);
    }

    [[nodiscard]] std::unique_ptr<GuardedSelector> make() const {
        GuardOptions strict;
        strict.strict = true;
        return factory->make(1, strict);
    }

    [[nodiscard]] bool said(std::string const& line) const {
        return std::ranges::count(lines, "abi-2: " + line) > 0;
    }
};

/// A struct of a later host: there is more behind what is known now.
template <class Struct>
struct Later {
    Struct known;
    std::array<std::uint64_t, 3> news{~0ULL, ~0ULL, ~0ULL};

    explicit Later(Struct now) : known(now) { known.size = sizeof(Later); }
};

/// The plug-in without our host around it.
struct Bare {
    ::xfsbus_descriptor const& descriptor;
    ::xfsbus_peer_selector_operations const& operations;

    static ::xfsbus_descriptor const& exported() {
        void* const library = ::dlopen(plugin_file().c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(library != nullptr);
        void* const symbol = ::dlsym(library, XFSBUS_POLICY_SYMBOL);
        REQUIRE(symbol != nullptr);
        return *static_cast<::xfsbus_descriptor const*>(symbol);
    }

    Bare()
        : descriptor(exported()),
          operations(
              *static_cast<::xfsbus_peer_selector_operations const*>(descriptor.operations)) {}
};

/// What a later host does, in plain C.
class LaterHost {
  public:
    LaterHost() = default;
    LaterHost(LaterHost const&) = delete;
    LaterHost& operator=(LaterHost const&) = delete;

    ~LaterHost() {
        if (state_ != nullptr) {
            destroy_(state_);
        }
    }

    std::string said;
    Later<::xfsbus_services> services{{.host = this,
                                       .log = &log,
                                       .now_us = [](void*) { return std::uint64_t{7}; },
                                       .shared = &shared,
                                       .labels = "later=yes"}};

  private:
    static void log(void* self, char const* text) {
        static_cast<LaterHost*>(self)->said += std::string(text) + "\n";
    }

    static void* shared(void* self, void* (*make)(), void (*destroy)(void*)) {
        auto& host = *static_cast<LaterHost*>(self);
        host.destroy_ = destroy;
        return host.state_ = make();
    }

    void* state_ = nullptr;
    void (*destroy_)(void*) = nullptr;
};

}  // namespace

TEST_CASE("It says what it is, and which parameters it takes") {
    Loaded const loaded;
    auto const& info = loaded.factory->info();
    CHECK(info.name == "abi-2");
    CHECK(info.version == "2.0");
    CHECK(info.description == "keeps ABI 2 as it was");
    REQUIRE(info.parameters.size() == 1);
    CHECK(info.parameters[0].name == "load_most");
    CHECK(info.parameters[0].default_value == "100");
}

TEST_CASE("It gets its parameters, and says why it cannot be made with them") {
    auto const sources = with_loads({50});
    CHECK(Loaded().make()->pick(request(), sources) == 0U);
    CHECK_FALSE(Loaded(":load_most=50").make()->pick(request(), sources).has_value());
    CHECK(contains(refusal([] { return Loaded(":load_most=0").factory; }), ": load_most is 0; "));
}

TEST_CASE("It answers with a source, with none, or with why it fails") {
    Loaded const loaded;
    auto const selector = loaded.make();
    CHECK(selector->pick(request(), with_loads({9, 3, 5})) == 1U);
    CHECK_FALSE(selector->pick(request(), with_loads({100, 200})).has_value());
    CHECK(fault([&] { selector->pick(RequestView{}, with_loads({1})); }) ==
          "policy 'abi-2': pick: nothing is asked for");
}

TEST_CASE("It knows the purpose, and the host's random numbers") {
    Loaded const loaded;
    SeededRandom random(42);
    SeededRandom same(42);
    auto const sources = with_loads({1, 1, 1, 1, 1, 1, 1});
    auto const selector = loaded.make();
    for (int i = 0; i < 10; ++i) {
        auto const drawn = selector->pick(request(XFSBUS_PURPOSE_RANK), sources, random.rng());
        CHECK(drawn == same.next() % sources.size());
    }
}

TEST_CASE("A question that it does not know is not put to it: the default answers") {
    Loaded const loaded;
    auto sources = with_loads({1, 2});
    sources[0].latency_ms = 1000;  // so that the default takes the other
    auto const selector = loaded.make();
    CHECK(selector->pick(request(XFSBUS_PURPOSE_ADMIT), sources) == 0U);
    CHECK(selector->pick(request(XFSBUS_PURPOSES), sources) == 1U);
    CHECK(selector->counters().faults == 0);
}

TEST_CASE("It sees every field of a source") {
    Loaded const loaded;
    SourceView source{.flags = 1,
                      .source_id = 2,
                      .endpoint = "192.0.2.1:7000",
                      .labels = "rack=7",
                      .latency_ms = 3,
                      .rate_bytes_per_s = 4,
                      .completeness = 0.5,
                      .outstanding_bytes = 5,
                      .window_bytes = 6,
                      .delivered_bytes = 7,
                      .duplicate_bytes = 8,
                      .in_use_us = 9,
                      .silent_us = 10,
                      .requests = 11,
                      .load = 12,
                      .failures = 13,
                      .failures_in_a_row = 14};
    double const sum = 1 + 2 * 2 + 14 * 3 + 6 * 5 + 3 * 7 + 4 * 11 + 0.5 * 13 + 5 * 17 + 6 * 19 +
                       7 * 23 + 8 * 29 + 9 * 31 + 10 * 37 + 11 * 41 + 12 * 43 + 13 * 47 + 14 * 53;
    CHECK(loaded.make()->cost(source) == sum);
}

TEST_CASE("It is told how a request ended, and may log and look at the clock") {
    Loaded const loaded;
    loaded.make()->observe(with_loads({1})[0], {.reason = 1,
                                                .transfer = 2,
                                                .bytes = 3,
                                                .elapsed_us = 4,
                                                .queued_bytes = 5,
                                                .queued = 6,
                                                .chunk = 7});
    CHECK(loaded.said("outcome " +
                      std::to_string(1 + 2 * 2 + 3 * 3 + 4 * 5 + 5 * 7 + 6 * 11 + 7 * 13)));
    CHECK(loaded.said("at 123456"));
}

TEST_CASE("It is told the labels of this peer") {
    CHECK(Loaded().said("rack=7,disk=ssd"));
}

TEST_CASE("What its objects share outlives each of them, as long as the host is there") {
    Loaded loaded;
    CHECK(loaded.said("object 1"));  // the trial at loading
    static_cast<void>(loaded.make());
    CHECK(loaded.said("object 2"));
    auto const again =
        load_peer_selector(parse_plugin_spec(plugin_file() + ":load_most=7"), PluginPath({}),
                           loaded.host);  // a third, at its trial
    static_cast<void>(again->make(1));
    CHECK(loaded.said("object 4"));
    CHECK(Loaded().said("object 1"));
}

TEST_CASE("It goes on in a host whose structs have grown") {
    Bare const plugin;
    LaterHost host;
    std::array const parameters{Later<::xfsbus_parameter>({.name = "load_most", .value = "1"}),
                                Later<::xfsbus_parameter>({.name = "load_most", .value = "50"})};
    std::array<char, 100> error{};
    void* const object = plugin.descriptor.create(&host.services.known, &parameters[0].known,
                                                  parameters.size(), error.data(), error.size());
    REQUIRE(object != nullptr);
    CHECK(host.said == "object 1\nlater=yes\n");

    auto const known = with_loads({9, 3, 5});
    std::array const sources{Later(known[0]), Later(known[1]), Later(known[2])};
    SeededRandom random(1);
    Later<::xfsbus_random> generator(random.random());
    auto const pick = [&](RequestView const& asked) {
        Later const later(asked);
        return plugin.operations.pick(object, &later.known, &sources[0].known, sources.size(),
                                      &generator.known, error.data(), error.size());
    };
    CHECK(pick(request()) == 1);
    auto const drawn = SeededRandom(1).next() % sources.size();
    CHECK(pick(request(XFSBUS_PURPOSE_RANK)) == static_cast<std::int64_t>(drawn));
    CHECK(pick(RequestView{}) == XFSBUS_POLICY_FAILED);
    CHECK(std::string(error.data()) == "nothing is asked for");
    plugin.descriptor.destroy(object);
}
