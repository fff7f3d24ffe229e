"""What happens to subscriptions that costs money: a beginning, changes of plan, pauses, hours that
are over, ends, usage."""
