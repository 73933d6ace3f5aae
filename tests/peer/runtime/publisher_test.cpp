// The core of what is published; its disk is real, the time and the threads are not.
#include "runtime/publisher.hpp"

#include "../jobs/fake_executor.hpp"
#include "../jobs/fakes.hpp"
#include "catch.hpp"
#include "runtime/program_bytes.hpp"
#include "sample.hpp"
#include "temp_dir.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::runtime;
using namespace xfsbus::test;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

void write_with_age(fs::path const& path, std::string const& text, std::chrono::seconds age) {
    std::ofstream(path) << text;
    timespec times[] = {{0, UTIME_OMIT}, {}};
    ::clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= age.count();
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

/// What a program has, and whether somebody still has it.
struct KeptText {
    explicit KeptText(std::string const& text) : owner(std::make_shared<std::string const>(text)) {}

    [[nodiscard]] OwnedBytes bytes() const { return {std::as_bytes(std::span(*owner)), owner}; }

    std::shared_ptr<std::string const> owner;
};

using PublishOutcome = std::shared_ptr<std::optional<Result<Published>>>;

struct Publishes {
    explicit Publishes(std::size_t most = 10) : limit(most) { hashes.put(sha256()); }

    PublishOutcome start(PublishRequest const& request) {
        auto outcome = std::make_shared<std::optional<Result<Published>>>();
        cancel = publisher.start({request.name, bytes_of(request, {}).value(), request.manifest},
                                 [outcome](Result<Published> const& result) { *outcome = result; });
        return outcome;
    }

    Result<Published> publish(PublishRequest const& request) {
        auto const outcome = start(request);
        REQUIRE(time.pass_until([&] { return outcome->has_value(); }));
        return **outcome;
    }

    /// Once nobody has it any more.
    Status unpublish(std::string const& name) {
        std::optional<Status> gone_for_good;
        publisher.unpublish(name, [&](Status const& status) { gone_for_good = status; });
        REQUIRE(time.pass_until([&] { return gone_for_good.has_value(); }));
        return *gone_for_good;
    }

    Errc refusal(PublishRequest const& request) {
        auto const result = publish(request);
        REQUIRE_FALSE(result);
        CHECK(share.size() == published.size());
        return result.error().code;
    }

    /// In the table, as the index would have it.
    void share_file(std::string const& name) {
        auto const sample = with_bytes(name);
        share.put({name, sample.content, nullptr, {name.size()}});
    }

    [[nodiscard]] fs::path path(std::string const& name) const { return elsewhere.path() / name; }

    std::size_t limit;
    TempDir directory;
    TempDir elsewhere;
    jobs::test::VirtualTime time;
    jobs::test::FakeExecutor readers{time};
    index::Publications published;
    swarm::ShareTable share;
    std::shared_ptr<storage::Tree const> tree = storage::Tree::open(directory.path()).value();
    jobs::Hashes hashes{policies::PluginPath({XFS_TEST_PLUGINS}), nullptr};
    std::vector<std::string> gone;
    std::vector<std::string> warnings;
    Publisher::Cancel cancel;
    Publisher publisher{
        {.scheduler = time,
         .readers = readers,
         .published = published,
         .share = share,
         .tree = tree,
         .hashes = hashes,
         .integrity = sha256(),
         .most = limit,
         .on_shared = [this](swarm::IndexedFile file) { share.put(std::move(file)); },
         .on_unshared =
             [this](swarm::IndexedFile const& file) {
                 share.remove(file.name);
                 gone.push_back(file.name);
             },
         .when_told = [](std::function<void()> const& then) { then(); },
         .warn = [this](std::string const& what) { warnings.push_back(what); }}};
};

}  // namespace

TEST_CASE("Bytes in memory are published with their content, and let go when they are not") {
    Publishes sut;
    auto const sample = test::sample(2 * chunk_bytes + 1);
    KeptText kept(sample.bytes);
    auto const result = sut.publish({"a/b", kept.bytes()}).value();
    CHECK(result.name == "a/b");
    CHECK(result.size == sample.bytes.size());
    CHECK(result.content == wire::to_hex(sample.content));
    CHECK(result.manifest == wire::encode_manifest(*sample.manifest));
    CHECK(sut.published.find("a/b", sample.content) != nullptr);
    CHECK(sut.published.find("a/b", with_bytes("x").content) == nullptr);
    CHECK(sut.share.by_content(sample.content)->name == "a/b");
    sut.time.pass(1s);
    CHECK(kept.owner.use_count() == 2);
    CHECK(sut.unpublish("a/b"));
    CHECK(kept.owner.use_count() == 1);
    CHECK(sut.share.size() == 0);
    CHECK(sut.gone == std::vector<std::string>{"a/b"});
    CHECK(sut.unpublish("a/b").error().code == Errc::not_found);
}

TEST_CASE("An owner that points to nothing is told when its bytes are let go, not before") {
    Publishes sut;
    static std::string const text = "abc";
    int released = 0;
    auto const release = [&](void const*) { ++released; };
    OwnedBytes bytes{std::as_bytes(std::span(text)),
                     std::shared_ptr<void const>(static_cast<void const*>(nullptr), release)};
    REQUIRE(sut.publish({"a", std::exchange(bytes, {})}));
    sut.time.pass(1s);
    CHECK(released == 0);
    CHECK(sut.unpublish("a"));
    CHECK(released == 1);
    CHECK(sut.publish({"b", OwnedBytes{std::as_bytes(std::span(text)), nullptr}}));
}

TEST_CASE("With a known manifest nothing is read") {
    struct Unread final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return 3 * chunk_bytes; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte>) override {
            return Error{Errc::failed, "it was read"};
        }
    };

    Publishes sut;
    auto const manifest = wire::encode_manifest(*test::sample(3 * chunk_bytes).manifest);
    auto const result = sut.publish({"a", std::make_shared<Unread>(), manifest}).value();
    CHECK(result.content == wire::to_hex(test::sample(3 * chunk_bytes).content));
    CHECK(result.manifest == manifest);
    CHECK(sut.refusal({"b", std::make_shared<Unread>()}) == Errc::disk);
}

TEST_CASE("A manifest that is none, or that of something else, publishes nothing") {
    Publishes sut;
    auto manifest = *with_bytes("abc").manifest;
    auto const canonical = wire::encode_manifest(manifest);
    CHECK(sut.refusal({"a", owned(std::string("abc")), "abc"}) == Errc::usage);
    CHECK(sut.refusal({"a", owned(std::string("abc")), canonical + "x"}) == Errc::usage);
    CHECK(sut.refusal({"a", owned(std::string("abcd")), canonical}) == Errc::integrity);
    manifest.algorithm = "unheard-of";
    CHECK(sut.refusal({"a", owned(std::string("abc")), wire::encode_manifest(manifest)}) ==
          Errc::plugin);
    manifest.algorithm = "sha256";
    manifest.digest_bytes = 64;
    manifest.digests += manifest.digests;
    CHECK(sut.refusal({"a", owned(std::string("abc")), wire::encode_manifest(manifest)}) ==
          Errc::usage);
}

TEST_CASE("What has a name already, in whatever way, is not published under it") {
    Publishes sut;
    sut.share_file("shared");
    std::ofstream(sut.directory.path() / "not read yet") << "x";
    fs::create_directory(sut.directory.path() / "directory");
    fs::create_symlink("nowhere", sut.directory.path() / "link");
    REQUIRE(sut.publish({"published"}));
    for (auto const* name : {"shared", "not read yet", "directory", "link", "published", "",
                             "/absolute", "a/../b", ".xfsignore", ".xfs-part"}) {
        INFO(name);
        auto const result = sut.publish({name});
        REQUIRE_FALSE(result);
        CHECK(result.error().code == Errc::usage);
    }
    CHECK(sut.published.size() == 1);
    auto const first = sut.start({"twice"});
    CHECK_FALSE(sut.publish({"twice"}));
    REQUIRE(sut.time.pass_until([&] { return first->has_value(); }));
    CHECK((*first)->ok());
}

TEST_CASE("A file that the directory gets while something is read comes before that") {
    Publishes sut;
    auto const outcome = sut.start({"a"});
    sut.share_file("a");
    REQUIRE(sut.time.pass_until([&] { return outcome->has_value(); }));
    CHECK((*outcome)->error().code == Errc::usage);
    CHECK(sut.published.size() == 0);
}

TEST_CASE("No more is published, and on the way to it, than is allowed") {
    Publishes sut(2);
    REQUIRE(sut.publish({"one"}));
    auto const second = sut.start({"two"});
    KeptText kept("abc");
    CHECK(sut.publish({"three", kept.bytes()}).error().code == Errc::usage);
    REQUIRE(sut.time.pass_until([&] { return second->has_value(); }));
    CHECK((*second)->ok());
    sut.time.pass(1s);
    CHECK(kept.owner.use_count() == 1);
    REQUIRE(sut.unpublish("one"));
    CHECK(sut.publish({"three"}));
}

TEST_CASE("What is cancelled while it is read is not published, and let go") {
    Publishes sut;
    KeptText kept("abc");
    auto const outcome = sut.start({"a", kept.bytes()});
    sut.cancel();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->error().code == Errc::interrupted);
    sut.time.pass(1s);
    CHECK(sut.published.size() == 0);
    CHECK(kept.owner.use_count() == 1);
    CHECK(sut.publish({"a", kept.bytes()}));
}

TEST_CASE("What is being written to is waited for, but not for ever") {
    /// It says so until it is left alone.
    struct Restless final : index::ProgramBytes {
        Restless() : ProgramBytes(3) {}

        [[nodiscard]] Status fill(std::span<std::byte> buffer, std::uint64_t) const override {
            std::ranges::fill(buffer, std::byte('a'));
            return done();
        }

        [[nodiscard]] index::HashOutcome describe(
            std::shared_ptr<policies::HashAlgorithm const> algorithm,
            std::stop_token const& stop) const override {
            return changing ? index::FileChanging{100ms}
                            : ProgramBytes::describe(std::move(algorithm), stop);
        }

        bool changing = true;
    };

    Publishes sut;
    auto const bytes = std::make_shared<Restless>();
    std::optional<Result<Published>> outcome;
    sut.publisher.start({"a", bytes, ""}, [&](auto const& result) { outcome = result; });
    sut.time.pass(Publisher::changing_most - 1s);
    REQUIRE_FALSE(outcome);
    SECTION("left alone") {
        bytes->changing = false;
        sut.time.pass(200ms);
        REQUIRE(outcome);
        CHECK(outcome->value().content == wire::to_hex(with_bytes("aaa").content));
    }
    SECTION("never") {
        sut.time.pass(2s);
        REQUIRE(outcome);
        CHECK(outcome->error().code == Errc::disk);
    }
}

TEST_CASE("A published file that only got other permissions stays published, with its new stamp") {
    Publishes sut;
    write_with_age(sut.path("file"), "abc", 10s);
    REQUIRE(sut.publish({"a", sut.path("file")}));
    fs::permissions(sut.path("file"), fs::perms::owner_read);
    sut.publisher.recheck("a");
    sut.time.pass(1s);
    REQUIRE(sut.published.contains("a"));
    CHECK(sut.share.by_name("a")->stamp == index::FileElsewhere(sut.path("file")).stamp().value());
}

TEST_CASE("A published file that has other bytes now is published no more, which is warned of") {
    Publishes sut;
    write_with_age(sut.path("file"), "abc", 10s);
    REQUIRE(sut.publish({"a", sut.path("file")}));
    SECTION("changed") {
        write_with_age(sut.path("file"), "xyz", 5s);
    }
    SECTION("removed") {
        fs::remove(sut.path("file"));
    }
    sut.publisher.recheck("a");
    sut.time.pass(1s);
    CHECK(sut.gone == std::vector<std::string>{"a"});
    CHECK(sut.published.size() == 0);
    CHECK(sut.warnings.size() == 1);
}

TEST_CASE("Bytes that do not fit the manifest that was given are published no more when doubted") {
    Publishes sut;
    auto const manifest = wire::encode_manifest(*with_bytes("abc").manifest);
    REQUIRE(sut.publish({"a", owned(std::string("xyz")), manifest}));
    sut.publisher.recheck("a");
    sut.time.pass(1s);
    CHECK(sut.published.contains("a"));  // its stamp is as it was
    sut.publisher.verify("a");
    sut.time.pass(1s);
    CHECK(sut.gone == std::vector<std::string>{"a"});
}

TEST_CASE("What is right is read again once a minute however often somebody doubts it") {
    struct Counted final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return 3; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte> into) override {
            ++reads;
            std::ranges::fill(into, std::byte('a'));
            return fails ? Status(Error{Errc::failed, "not now"}) : done();
        }

        int reads = 0;
        bool fails = false;
    };

    Publishes sut;
    auto const source = std::make_shared<Counted>();
    REQUIRE(sut.publish({"a", source}));
    source->reads = 0;
    for (int i = 0; i < 100; ++i) {
        sut.publisher.verify("a");
        sut.time.pass(100ms);
    }
    CHECK(source->reads == 1);
    sut.time.pass(1min);
    source->fails = true;
    for (int i = 0; i < 100; ++i) {
        sut.publisher.verify("a");
        sut.time.pass(100ms);
    }
    CHECK(source->reads == 2);
    CHECK(sut.published.contains("a"));  // it may be read again later
}

TEST_CASE("However much is doubted, no more than 64 are read again in a minute") {
    struct Asked final : BlockSource {
        [[nodiscard]] std::uint64_t size() const override { return 1; }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte>) override {
            ++reads;
            return done();
        }

        int reads = 0;
    };

    constexpr auto most = static_cast<int>(Publisher::looks_most);
    Publishes sut(200);
    auto const source = std::make_shared<Asked>();
    auto const doubt_all = [&] {
        source->reads = 0;
        for (int i = 0; i < 100; ++i) {
            sut.publisher.verify(std::to_string(i));
        }
        sut.time.pass(1s);
        return source->reads;
    };
    for (int i = 0; i < 100; ++i) {
        REQUIRE(sut.publish({std::to_string(i), source}));
    }
    CHECK(doubt_all() == most);
    CHECK(doubt_all() == 0);
    sut.time.pass(1min);
    CHECK(doubt_all() == most);
}

TEST_CASE("What is unpublished while it is looked at is let go all the same") {
    Publishes sut;
    KeptText kept("abc");
    REQUIRE(sut.publish({"a", kept.bytes()}));
    sut.publisher.verify("a");
    REQUIRE(sut.unpublish("a"));
    CHECK(kept.owner.use_count() == 1);
    REQUIRE(sut.publish({"a", owned(std::string("other"))}));
    sut.time.pass(1s);
    CHECK(sut.published.contains("a"));
    CHECK(sut.warnings.empty());
}

TEST_CASE("What throws out of a BlockSource publishes nothing, and takes no peer with it") {
    struct Thrower final : BlockSource {
        explicit Thrower(bool at_once) : of_size(at_once) {}

        [[nodiscard]] std::uint64_t size() const override {
            return of_size ? throw std::runtime_error("no size") : 3;
        }

        [[nodiscard]] Status read(std::uint64_t, std::span<std::byte>) override { throw 1; }

        bool of_size;
    };

    Publishes sut;
    CHECK(sut.refusal({"a", std::make_shared<Thrower>(false)}) == Errc::disk);
    auto const bytes = bytes_of({"a", std::make_shared<Thrower>(true)}, {});
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().code == Errc::usage);
    CHECK_FALSE(bytes_of({"a", std::shared_ptr<BlockSource>()}, {}));
    CHECK_FALSE(bytes_of({"a", fs::path()}, {}));
}
