#include "index/published_bytes.hpp"

#include "catch.hpp"
#include "descriptor_shortage.hpp"
#include "sample.hpp"
#include "share_fixture.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include <sys/stat.h>

using namespace xfsbus;
using namespace xfsbus::peer;
using namespace xfsbus::peer::index;
using namespace xfsbus::test;

namespace {

std::shared_ptr<std::string const> text_of(std::string text) {
    return std::make_shared<std::string const>(std::move(text));
}

MemoryBytes in_memory(std::shared_ptr<std::string const> const& text) {
    return {std::as_bytes(std::span(*text)), text};
}

std::string read(PublishedBytes const& bytes, swarm::FileStamp const& stamp, std::size_t count,
                 std::uint64_t offset) {
    std::string text(count, '\0');
    auto const outcome = bytes.read(stamp, std::as_writable_bytes(std::span(text)), offset);
    REQUIRE(outcome == ReadOutcome::good);
    return text;
}

ReadOutcome outcome(PublishedBytes const& bytes, swarm::FileStamp const& stamp) {
    std::array<std::byte, 3> some{};
    return bytes.read(stamp, some, 0);
}

/// That can be read up to here.
class Broken final : public ProgramBytes {
  public:
    Broken(std::uint64_t bytes, std::uint64_t good) : ProgramBytes(bytes), good_(good) {}

  private:
    [[nodiscard]] Status fill(std::span<std::byte> buffer, std::uint64_t offset) const override {
        return offset + buffer.size() <= good_ ? done() : Error{Errc::failed, "no more"};
    }

    std::uint64_t good_;
};

}  // namespace

TEST_CASE("Bytes in memory have the content id of a file of the same bytes") {
    auto const sample = test::sample(3 * chunk_bytes + 17);
    auto const sut = in_memory(text_of(sample.bytes));
    auto const outcome = sut.describe(sha256(), {});
    REQUIRE(std::holds_alternative<HashedFile>(outcome));
    auto const& hashed = std::get<HashedFile>(outcome);
    CHECK(hashed.content == sample.content);
    CHECK(*hashed.manifest == wire::encode_manifest(*sample.manifest));
    CHECK(hashed.stamp == sut.stamp().value());
    CHECK(hashed.stamp.size == sample.bytes.size());
    CHECK(read(sut, hashed.stamp, 100, chunk_bytes) == sample.bytes.substr(chunk_bytes, 100));
}

TEST_CASE("No bytes in memory are a content, too") {
    auto const outcome = in_memory(text_of("")).describe(sha256(), {});
    REQUIRE(std::holds_alternative<HashedFile>(outcome));
    CHECK(std::get<HashedFile>(outcome).content == with_bytes("").content);
}

TEST_CASE("Bytes that the program cannot read are no content, and none of them are read") {
    Broken const sut(2 * chunk_bytes, chunk_bytes);
    auto const outcome = sut.describe(sha256(), {});
    REQUIRE(std::holds_alternative<FileUnreadable>(outcome));
    CHECK(std::get<FileUnreadable>(outcome).why == "no more");
    std::array<std::byte, 3> some{};
    CHECK(sut.read(sut.stamp().value(), some, 0) == ReadOutcome::good);
    CHECK(sut.read(sut.stamp().value(), some, chunk_bytes) == ReadOutcome::refused);
}

TEST_CASE("What describes bytes of the program's ends when it is told to") {
    std::stop_source stop;
    stop.request_stop();
    auto const outcome = in_memory(text_of("abc")).describe(sha256(), stop.get_token());
    CHECK(std::holds_alternative<HashStopped>(outcome));
}

TEST_CASE("A file elsewhere is read as long as it is what it was, through a link as well") {
    Share share;
    write_old(share.root / "one", "abc");
    std::filesystem::create_symlink("one", share.root / "link");
    for (auto const* name : {"one", "link"}) {
        FileElsewhere const sut(share.root / name);
        auto const stamp = sut.stamp().value();
        auto const outcome = sut.describe(sha256(), {});
        REQUIRE(std::holds_alternative<HashedFile>(outcome));
        CHECK(std::get<HashedFile>(outcome).content == with_bytes("abc").content);
        CHECK(std::get<HashedFile>(outcome).stamp == stamp);
        CHECK(read(sut, stamp, 2, 1) == "bc");
    }
}

TEST_CASE("A file elsewhere that was changed, replaced or removed is not read") {
    Share share;
    write_old(share.root / "one", "abc");
    FileElsewhere const sut(share.root / "one");
    auto const stamp = sut.stamp().value();
    SECTION("changed") {
        write_new(share.root / "one", "xyz");
    }
    SECTION("replaced") {
        write_old(share.root / "two", "xyz");
        std::filesystem::rename(share.root / "two", share.root / "one");
    }
    SECTION("removed") {
        std::filesystem::remove(share.root / "one");
        CHECK_FALSE(sut.stamp());
        CHECK(std::holds_alternative<FileGone>(sut.describe(sha256(), {})));
    }
    CHECK(outcome(sut, stamp) == ReadOutcome::changed);
}

TEST_CASE("What is no regular file is not published") {
    Share share;
    REQUIRE(::mkfifo((share.root / "fifo").c_str(), 0600) == 0);
    for (auto const& path : {share.root, share.root / "fifo"}) {
        auto const stamp = FileElsewhere(path).stamp();
        REQUIRE_FALSE(stamp);
        CHECK(stamp.error().code == Errc::disk);
    }
}

TEST_CASE("A file elsewhere that cannot be opened for want of descriptors has not changed") {
    Share share;
    write_old(share.root / "one", "abc");
    FileElsewhere const sut(share.root / "one");
    auto const stamp = sut.stamp().value();
    {
        DescriptorShortage const shortage(0);
        CHECK(outcome(sut, stamp) == ReadOutcome::not_now);
    }
    CHECK(outcome(sut, stamp) == ReadOutcome::good);
}
