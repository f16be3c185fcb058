<?php

declare(strict_types=1);

namespace Usher;

use SAML2\Constants;
use SAML2\XML\saml\NameID;
use SimpleSAML\Auth\ProcessingFilter;
use SimpleSAML\Auth\Simple;
use SimpleSAML\Auth\State;
use SimpleSAML\Configuration;
use SimpleSAML\Logger;
use SimpleSAML\Module\saml\Error;

/**
 * Lets in who is provisioned, with what is provisioned: NameID, attributes, groups and role of the assertion come from
 * Usher's record. Everybody else is denied with a SAML status, at every login, also within a session that is open already.
 *
 * Goes into `authproc` of saml20-idp-hosted.php. Options:
 *  - store: ['dsn' => ..., 'username' => ..., 'password' => ...] or ['folder' => ...]
 *  - by: 'userName' (users log in here), 'nameId' (users come from another identity provider), or the SAML name of the
 *    attribute by which Usher recognises them (setting matchAttribute)
 *  - from: the attribute that holds that value here, when it is not called so; for 'userName' it is `uid`
 *  - idp: entity ID as in Usher's setting idpEntityId, when it is not the one users come from
 *  - names: 'saml' (OIDs and URIs) or 'friendly'
 *  - roleAttribute: name under which the role is asserted; left out, it is not
 */
final class ProvisionedUser extends ProcessingFilter
{
    private const MEMBER_OF = ['name' => 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'friendlyName' => 'isMemberOf'];

    private Configuration $options;

    public function __construct($config, $reserved)
    {
        parent::__construct($config, $reserved);
        unset($config['class'], $config['%priority'], $config['%precondition']);
        $known = ['store', 'by', 'from', 'idp', 'names', 'roleAttribute'];
        if ($unknown = array_diff(array_keys($config), $known)) {
            throw new \InvalidArgumentException('Usher: unknown option ' . implode(', ', $unknown));
        }
        if (!isset($config['store'], $config['by'])) {
            throw new \InvalidArgumentException('Usher: the options store and by are needed');
        }
        $this->options = Configuration::loadFromArray($config);
    }

    public function process(&$state): void
    {
        $options = $this->options->toArray();
        $upstream = new Simple($state['Source']['auth']);
        $idp = $options['idp'] ?? $upstream->getAuthData('saml:sp:IdP') ?? $state['Source']['entityid'];
        $value = $this->identifier($state, $upstream);
        $user = $value === null ? null : $this->store()->find($idp, $options['by'], $value);
        if ($user === null) {
            $this->deny($state, 'account not provisioned');
        }
        if ($user['active'] !== true) {
            $this->deny($state, 'account disabled');
        }
        if ($user['notOnOrAfter'] !== null) {
            $this->endWith($state, strtotime($user['notOnOrAfter']));
        }
        $state['Attributes'] = $this->attributes($user);
        $state['saml:NameID'] = $this->nameIds($user, $state);
    }

    private function store(): UserStore
    {
        $store = $this->options->toArray()['store'];
        return isset($store['folder'])
            ? new JsonUserStore($store['folder'])
            : new SqlUserStore($store['dsn'], $store['username'] ?? '', $store['password'] ?? '');
    }

    /** What tells who has logged in; null when there is no single value. */
    private function identifier(array $state, Simple $upstream): ?string
    {
        $options = $this->options->toArray();
        if ($options['by'] === 'nameId') {
            $nameId = $upstream->getAuthData('saml:sp:NameID');
            return $nameId === null ? null : $nameId->getValue();
        }
        $attribute = $options['from'] ?? ($options['by'] === 'userName' ? 'uid' : $options['by']);
        $values = $state['Attributes'][$attribute] ?? [];
        return count($values) === 1 ? (string) reset($values) : null;
    }

    private function deny(array $state, string $why): never
    {
        // The reason goes to the log and into the status; who it was only into the log, and there by no more than its place.
        Logger::notice('Usher: denied at ' . $state['Source']['entityid'] . ": $why");
        State::throwException($state, new Error(Constants::STATUS_RESPONDER, Constants::STATUS_REQUEST_DENIED, $why));
        exit;
    }

    /** Denies who has expired, and lets no session last longer than the account (SAML core 2.7.2). */
    private function endWith(array $state, int|false $end): void
    {
        if ($end === false || $end <= time()) {
            $this->deny($state, 'account expired');
        }
        $global = Configuration::getInstance();
        $left = $end - ($state['AuthnInstant'] ?? time());
        $usual = $global->toArray()['session.duration'] ?? 8 * 60 * 60;
        Configuration::loadFromArray(
            ['session.duration' => min($left, $usual)] + $global->toArray(),
            '[usher]',
            'simplesaml'
        );
    }

    private function attributes(array $user): array
    {
        $options = $this->options->toArray();
        $all = $user['attributes'];
        if ($user['groups'] !== []) {
            $all[] = self::MEMBER_OF + ['values' => $user['groups']];
        }
        $isFriendly = ($options['names'] ?? 'saml') === 'friendly';
        $attributes = $isFriendly ? ['uid' => [$user['userName']]] : [];
        foreach ($all as $one) {
            $attributes[$isFriendly ? $one['friendlyName'] ?? $one['name'] : $one['name']] = $one['values'];
        }
        if (isset($options['roleAttribute']) && $user['role'] !== null) {
            $attributes[$options['roleAttribute']] = [$user['role']];
        }
        return $attributes;
    }

    /** The user's own NameID, or the pairwise one for this service provider. */
    private function nameIds(array $user, array $state): array
    {
        $serviceProvider = $state['Destination']['entityid'];
        $own = $user['spNameQualifier'];
        $values = $own === null || $own === $serviceProvider ? [$user['nameIdFormat'] => $user['nameId']] : [];
        foreach ($user['sp'] as $pair) {
            if ($pair['entityId'] === $serviceProvider) {
                $values[Constants::NAMEID_PERSISTENT] = $pair['nameId'];
            }
        }
        $nameIds = [];
        foreach ($values as $format => $value) {
            $nameId = new NameID();
            $nameId->setValue($value);
            $nameId->setFormat($format);
            if ($format === Constants::NAMEID_PERSISTENT) {
                $nameId->setNameQualifier($state['Source']['entityid']);
                $nameId->setSPNameQualifier($serviceProvider);
            }
            $nameIds[$format] = $nameId;
        }
        return $nameIds;
    }
}
