#include "runtime/readings.hpp"

#include "jobs/finder.hpp"

#include <xfsbus/wire/ids.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

jobs::DownloadTask::Order order_of(std::string const& name, OpenOptions const& options,
                                   std::shared_ptr<jobs::Stream> const& stream) {
    jobs::DownloadTask::Order order;
    order.query = name;
    order.force = options.force;
    order.repair = options.repair;
    order.sources = options.sources;
    order.wait = options.wait;
    order.play_bytes_per_second = options.bytes_per_second;
    order.stream = stream;
    return order;
}

/// Why nothing more comes of a download that is over.
Error why_over(Result<DownloadReport> const& report) {
    if (!report) {
        return report.error();
    }
    auto const& files = report->files;
    return !files.empty() && files.front().error
               ? *files.front().error
               : Error{Errc::integrity, "the file was changed while it was looked at"};
}

/// NAME, or NAME@ID if it is to be one version.
jobs::Version version_of(std::string const& query) {
    return jobs::parse_version(query).value_or(jobs::Version{query, ""});
}

}  // namespace

void Readings::open(std::uint64_t number, std::string const& name, OpenOptions const& options,
                    Who const& who, jobs::Stream::Then<Opened> const& then) {
    if (auto const here = shared_here(name)) {
        return then(*here);
    }
    auto const reading = reading_of(name, options);
    reading->keep = reading->keep || options.keep;
    ++reading->readers;
    open_.emplace(number, reading);
    reading->stream->when_begun(
        who, [then, tree = owner_.tree](Result<jobs::Stream::About> const& about) {
            about ? then(Opened{*about, std::nullopt, tree}) : then(about.error());
        });
}

/// A name that is there as it is written comes before what it means otherwise.
std::optional<Readings::Opened> Readings::shared_here(std::string const& name) const {
    auto const* file = owner_.share.by_name(name);
    if (file == nullptr) {
        auto const version = version_of(name);
        file = owner_.share.by_name(version.name);
        if (file == nullptr || !wire::to_hex(file->content).starts_with(version.id)) {
            return std::nullopt;
        }
    }
    Opened opened{{file->name, file->content, file->stamp.size}, file->stamp, owner_.tree};
    if (auto const bytes = owner_.published.find(file->name, file->content)) {
        opened.published = bytes;
    }
    return opened;
}

/// The one under way, or a new one.
std::shared_ptr<Readings::Reading> Readings::reading_of(std::string const& name,
                                                        OpenOptions const& options) {
    auto const under_way = by_name_.find(name);
    auto reading = under_way == by_name_.end() ? nullptr : under_way->second.lock();
    if (!reading || reading->stream->over()) {
        std::erase_if(by_name_, [](auto const& entry) { return entry.second.expired(); });
        reading = std::make_shared<Reading>();
        by_name_.insert_or_assign(name, reading);
        begin(reading, name, options);
    }
    return reading;
}

void Readings::begin(std::shared_ptr<Reading> const& reading, std::string const& name,
                     OpenOptions const& options) {
    auto const version = version_of(name);
    if (owner_.join(name, "", reading->stream) ||
        owner_.join(version.name, version.id, reading->stream)) {
        return;
    }
    reading->task =
        owner_.download(order_of(name, options, reading->stream),
                        [this, stream = reading->stream](Result<DownloadReport> const& report) {
                            if (!abandoned_) {
                                stream->fail(why_over(report));  // unless it is whole
                            }
                        });
}

void Readings::when_here(std::uint64_t number, std::uint64_t offset, Who const& who,
                         jobs::Stream::Then<jobs::Stream::Here> then) {
    auto const found = open_.find(number);
    if (found == open_.end()) {
        return then(Error{Errc::failed, "it is not open"});
    }
    auto const stream = found->second->stream;  // what is answered may close it
    stream->when_here(offset, who, std::move(then));
}

void Readings::close(std::uint64_t number) {
    auto const found = open_.extract(number);
    if (!found || --found.mapped()->readers > 0 || found.mapped()->keep) {
        return;
    }
    if (auto const task = found.mapped()->task.lock()) {
        task->cancel();
    }
}

}  // namespace xfsbus::peer::runtime
