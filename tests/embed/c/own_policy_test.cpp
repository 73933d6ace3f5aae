// Policies of a program in C, as it hands them over: descriptors as plug-ins export them.
#include "client.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

constexpr std::size_t file_bytes = 3'000'000;

/// What the functions below are called with, and what they have seen.
struct Context {
    std::atomic<int> created = 0;
    std::atomic<int> destroyed = 0;
    std::atomic<int> released = 0;
    std::atomic<int> asked = 0;
    std::atomic<int> told = 0;
    std::atomic<bool> refuses = false;  ///< to create any object
    std::atomic<xfsbus_peer*> peer = nullptr;
    std::atomic<int> code = XFSBUS_OK;  ///< of a call within a policy
};

/// An object is a pointer to the context; there is one for each that was created.
Context& of(void* self) {
    return **static_cast<Context**>(self);
}

void* create(xfsbus_services const* services, xfsbus_parameter const*, std::size_t, char* error,
             std::size_t error_size) {
    auto* const context = static_cast<Context*>(services->context);
    if (context->refuses) {
        std::snprintf(error, error_size, "no object today");
        return nullptr;
    }
    ++context->created;
    return new Context*(context);
}

void destroy(void* self) {
    ++of(self).destroyed;
    delete static_cast<Context**>(self);
}

void release(void* context) {
    ++static_cast<Context*>(context)->released;
}

std::int64_t first(void* self, xfsbus_request const*, xfsbus_source const*, std::size_t,
                   xfsbus_random*, char*, std::size_t) {
    ++of(self).asked;
    return 0;
}

std::int64_t failing(void* self, xfsbus_request const*, xfsbus_source const*, std::size_t,
                     xfsbus_random*, char* error, std::size_t error_size) {
    ++of(self).asked;
    std::snprintf(error, error_size, "not today");
    return XFSBUS_POLICY_FAILED;
}

std::int64_t senseless(void* self, xfsbus_request const*, xfsbus_source const*, std::size_t,
                       xfsbus_random*, char*, std::size_t) {
    ++of(self).asked;
    return 4711;
}

/// Waits for the peer whose thread it is on.
std::int64_t waiting(void* self, xfsbus_request const*, xfsbus_source const*, std::size_t,
                     xfsbus_random*, char*, std::size_t) {
    auto& context = of(self);
    ++context.asked;
    context.code = xfsbus_peer_status(context.peer, -1, nullptr, nullptr);
    return 0;
}

int told(void* self, xfsbus_source const*, xfsbus_outcome const* outcome, char*, std::size_t) {
    of(self).told += outcome->reason == XFSBUS_OUTCOME_DELIVERED ? 1 : 0;
    return XFSBUS_POLICY_OK;
}

xfsbus_peer_selector_operations selection_by(decltype(&first) pick) {
    xfsbus_peer_selector_operations operations{};
    operations.purposes = XFSBUS_PURPOSES;
    operations.pick = pick;
    operations.observe = told;
    return operations;
}

int backwards(void* self, xfsbus_chunk const* chunks, std::size_t count, double* ranks,
              xfsbus_random*, char*, std::size_t) {
    of(self).asked += static_cast<int>(count);
    for (std::size_t i = 0; i < count; ++i) {
        ranks[i] = -static_cast<double>(chunks[i].chunk);  // this build's are as large as ours
    }
    return XFSBUS_POLICY_OK;
}

int in_turn(void* self, xfsbus_upload_request const*, xfsbus_upload_sink const*, std::size_t count,
            double* ranks, char*, std::size_t) {
    ++of(self).asked;
    std::fill_n(ranks, count, 0.0);
    return XFSBUS_POLICY_OK;
}

/// Of a hash that is a sum; good enough for a test alone.
struct Sum {
    Context* context;
    std::uint64_t sum;
};

void* create_sum(xfsbus_services const* services, xfsbus_parameter const*, std::size_t, char*,
                 std::size_t) {
    return new Sum{static_cast<Context*>(services->context), 0};
}

void destroy_sum(void* self) {
    delete static_cast<Sum*>(self);
}

std::uint32_t sum_size(void*) {
    return 32;
}

int add_to_sum(void* self, void const* data, std::size_t size, char*, std::size_t) {
    auto& sum = *static_cast<Sum*>(self);
    ++sum.context->asked;
    for (auto const byte : std::span(static_cast<unsigned char const*>(data), size)) {
        sum.sum = sum.sum * 31 + byte;
    }
    return XFSBUS_POLICY_OK;
}

int finish_sum(void* self, void* digest, char*, std::size_t) {
    auto& sum = *static_cast<Sum*>(self);
    std::memset(digest, static_cast<int>(sum.sum % 251), 32);
    sum.sum = 0;
    return XFSBUS_POLICY_OK;
}

/// A policy of a kind, and the list that options want.
template <typename Operations>
class Own {
  public:
    Own(char const* kind, Operations const& operations) : operations_(operations) {
        descriptor_.magic = XFSBUS_POLICY_MAGIC;
        descriptor_.abi_version = XFSBUS_POLICY_ABI;
        descriptor_.kind = kind;
        descriptor_.name = "in-c";
        descriptor_.version = "7";
        descriptor_.description = "of a test";
        descriptor_.operations = &operations_;
        descriptor_.create = create;
        descriptor_.destroy = destroy;
        policy_ = zeroed<xfsbus_own_policy>();
        policy_.descriptor = &descriptor_;
        policy_.context = &context;
        policy_.release = release;
    }

    Own(Own const&) = delete;
    Own& operator=(Own const&) = delete;

    [[nodiscard]] xfsbus_own_policy const* const* list() const { return list_.data(); }

    xfsbus_own_policy& policy() { return policy_; }

    xfsbus_descriptor& descriptor() { return descriptor_; }

    Context context;

  private:
    Operations operations_;
    xfsbus_descriptor descriptor_{};
    xfsbus_own_policy policy_{};
    std::array<xfsbus_own_policy const*, 2> list_{&policy_, nullptr};
};

Own<xfsbus_peer_selector_operations> selection(decltype(&first) pick) {
    return {XFSBUS_KIND_PEER_SELECTION, selection_by(pick)};
}

PeerHandle started_with(Bus const& bus, xfsbus_own_policy const* const* own,
                        std::uint64_t flags = 0) {
    auto options = bus.options();
    options.own_policies = own;
    options.flags = flags;
    return Bus::started(options);
}

/// Fetches the file of the source; returns what the call does.
xfsbus_code fetch(PeerHandle const& sink, xfsbus_error* error = nullptr) {
    auto request = download_of("file.bin");
    request.wait_ms = patience_ms;
    return xfsbus_peer_download(sink.get(), &request, patience_ms, nullptr, error);
}

PolicyAnswer policy_of(PeerHandle const& peer,
                       decltype(&xfsbus_peer_policy) ask = xfsbus_peer_policy) {
    xfsbus_policy_info const* info = nullptr;
    REQUIRE(ask(peer.get(), patience_ms, &info, nullptr) == XFSBUS_OK);
    return PolicyAnswer(info);
}

xfsbus_code start(xfsbus_options const& options, xfsbus_error& error) {
    xfsbus_peer* peer = nullptr;
    auto const code = xfsbus_peer_start(&options, &peer, &error);
    CHECK((peer != nullptr) == (code == XFSBUS_OK));
    xfsbus_peer_free(peer);
    return code;
}

}  // namespace

TEST_CASE("A selection in C is asked, told what came of it, and let go of with the peer") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    auto const source = bus.source();
    auto own = selection(first);
    auto sink = started_with(bus, own.list());
    CHECK(fetch(sink) == XFSBUS_OK);
    CHECK(own.context.asked > 0);
    CHECK(own.context.told > 0);
    auto const info = policy_of(sink);
    CHECK(std::string_view(info->used->name) == "in-c");
    CHECK(std::string_view(info->used->version) == "7");
    CHECK(std::string_view(info->description) == "of a test");
    CHECK(std::string_view(info->path).empty());
    CHECK(info->picks > 0);
    CHECK(info->faults == 0);
    CHECK((std::string_view(info->trouble).empty() || info->slow > 0));  // it may be a busy machine
    CHECK(own.context.released == 0);
    sink.reset();
    CHECK(own.context.created >= 2);  // one as a trial
    CHECK(own.context.created == own.context.destroyed);
    CHECK(own.context.released == 1);
}

TEST_CASE("What a selection in C fails at is counted, told in words, and made good") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    auto const source = bus.source();
    using Case = std::pair<decltype(&first), char const*>;
    auto const [pick, words] = GENERATE(Case(failing, "not today"), Case(senseless, "4711"));
    auto own = selection(pick);
    auto const sink = started_with(bus, own.list());
    CHECK(fetch(sink) == XFSBUS_OK);
    auto const info = policy_of(sink);
    CHECK(info->faults > 0);
    CHECK(info->fallbacks >= info->faults);
    CHECK_THAT(info->trouble, ContainsSubstring("in-c"));
    CHECK_THAT(info->trouble, ContainsSubstring(words));
}

TEST_CASE("A policy in C that fails ends the download if that is wanted") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    auto const source = bus.source();
    auto own = selection(failing);
    auto const sink = started_with(bus, own.list(), XFSBUS_OPTIONS_STRICT_POLICY);
    xfsbus_error error;
    CHECK(fetch(sink, &error) == XFSBUS_ERROR_PLUGIN);
    CHECK_THAT(error.message, ContainsSubstring("not today"));
}

TEST_CASE("An order of chunks in C is asked for each of them") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    auto const source = bus.source();
    xfsbus_chunk_order_operations operations{};
    operations.rank = backwards;
    Own own(XFSBUS_KIND_CHUNK_ORDER, operations);
    auto const sink = started_with(bus, own.list());
    CHECK(fetch(sink) == XFSBUS_OK);
    CHECK(own.context.asked > 0);
    CHECK(std::string_view(policy_of(sink, xfsbus_peer_chunk_order)->used->name) == "in-c");
}

TEST_CASE("An upload choice in C is asked who is served") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    xfsbus_upload_choice_operations operations{};
    operations.rank = in_turn;
    Own own(XFSBUS_KIND_UPLOAD_CHOICE, operations);
    auto options = bus.options();
    options.directory = bus.share().c_str();
    options.own_policies = own.list();
    auto const source = Bus::started(options);
    auto const sink = bus.sink();
    CHECK(fetch(sink) == XFSBUS_OK);
    CHECK(own.context.asked > 0);
    CHECK(policy_of(source, xfsbus_peer_upload_policy)->picks > 0);
}

TEST_CASE("What is hashed in C is fetched by a peer that has the same hash") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    xfsbus_integrity_operations operations{};
    operations.digest_size = sum_size;
    operations.update = add_to_sum;
    operations.finish = finish_sum;
    Own own(XFSBUS_KIND_INTEGRITY, operations);
    own.descriptor().create = create_sum;
    own.descriptor().destroy = destroy_sum;
    auto options = bus.options();
    options.own_policies = own.list();
    auto sink = Bus::started(options);
    options.directory = bus.share().c_str();
    auto source = Bus::started(options);
    CHECK(fetch(sink) == XFSBUS_OK);
    CHECK(own.context.asked > 0);
    sink.reset();
    source.reset();
    CHECK(own.context.released == 2);
}

TEST_CASE("A call that would wait for a peer is refused within a policy in C") {
    Bus const bus;
    write_file(bus.share() / "file.bin", file_bytes);
    auto const source = bus.source();
    auto own = selection(waiting);
    auto const sink = started_with(bus, own.list());
    own.context.peer = sink.get();
    CHECK(fetch(sink) == XFSBUS_OK);
    CHECK(own.context.asked > 0);
    CHECK(own.context.code == XFSBUS_ERROR_USAGE);
}

TEST_CASE("A policy in C that another is loaded for is let go of") {
    Bus const bus;
    auto own = selection(first);
    auto const sink = started_with(bus, own.list());
    CHECK(own.context.released == 0);
    REQUIRE(xfsbus_peer_load_policy(sink.get(), "libqueuetime.so", patience_ms, nullptr, nullptr) ==
            XFSBUS_OK);
    CHECK(own.context.created == own.context.destroyed);
    CHECK(own.context.released == 1);
}

TEST_CASE("A policy in C that cannot be used is refused at the start, and let go of") {
    Bus const bus;
    xfsbus_error error;
    auto const refused = [&](auto change, xfsbus_code code, char const* words) {
        auto own = selection(first);
        auto options = bus.options();
        options.own_policies = own.list();
        change(own, options);
        INFO(words);
        CHECK(start(options, error) == code);
        CHECK_THAT(error.message, ContainsSubstring(words));
        CHECK(own.context.released == 1);
    };
    refused([](auto& own, auto&) { own.context.refuses = true; }, XFSBUS_ERROR_PLUGIN,
            "no object today");
    refused([](auto& own, auto&) { own.descriptor().magic = 1; }, XFSBUS_ERROR_PLUGIN,
            "the program's own");
    refused([](auto& own, auto&) { own.descriptor().size = 8; }, XFSBUS_ERROR_PLUGIN, "8 bytes");
    refused([](auto& own, auto&) { own.descriptor().abi_version = 9; }, XFSBUS_ERROR_PLUGIN,
            "ABI 9");
    refused([](auto& own, auto&) { own.descriptor().name = "Not So"; }, XFSBUS_ERROR_PLUGIN,
            "[a-z0-9-]");
    refused([](auto& own, auto&) { own.descriptor().operations = nullptr; }, XFSBUS_ERROR_PLUGIN,
            "incomplete");
    refused([](auto& own, auto&) { own.descriptor().kind = XFSBUS_KIND_HANDOUT; },
            XFSBUS_ERROR_PLUGIN, "tracker");
    refused([](auto& own, auto&) { own.policy().descriptor = nullptr; }, XFSBUS_ERROR_USAGE,
            "descriptor");
    refused([](auto&, auto& options) { options.flags = 1U << 30U; }, XFSBUS_ERROR_USAGE, "flags");
    refused([](auto&, auto& options) { options.directory = "/no/such/place"; }, XFSBUS_ERROR_DISK,
            "/no/such/place");
}

TEST_CASE("Of each kind a program in C may have one policy") {
    Bus const bus;
    auto one = selection(first);
    auto other = selection(failing);
    std::array<xfsbus_own_policy const*, 3> const both{*one.list(), *other.list(), nullptr};
    auto options = bus.options();
    options.own_policies = both.data();
    xfsbus_error error;
    CHECK(start(options, error) == XFSBUS_ERROR_USAGE);
    CHECK_THAT(error.message, ContainsSubstring("peer-selection"));
    CHECK(one.context.released == 1);
    CHECK(other.context.released == 1);
}

TEST_CASE("A policy in C without a size is refused, and the others are let go of") {
    Bus const bus;
    auto one = selection(first);
    auto other = selection(first);
    one.policy().size = 0;
    std::array<xfsbus_own_policy const*, 3> const both{*one.list(), *other.list(), nullptr};
    auto options = bus.options();
    options.own_policies = both.data();
    xfsbus_error error;
    CHECK(start(options, error) == XFSBUS_ERROR_USAGE);
    CHECK_THAT(error.message, ContainsSubstring("own_policy.size"));
    CHECK(one.context.released == 0);
    CHECK(other.context.released == 1);
}
